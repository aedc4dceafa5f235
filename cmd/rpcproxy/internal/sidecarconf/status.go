package sidecarconf

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// checkStatus looks at where the sidecar is shown.
func (c *Config) checkStatus() Errors {
	if c.Status == "" {
		return nil
	}
	if slices.Contains(c.Listen, c.Status) && !strings.HasSuffix(c.Status, ":0") { // each has a free port then
		return Errors{c.bad("status", fmt.Sprintf("is %q, where agents come to", c.Status), "give another port", nil)}
	}
	if err := status.CheckAddr(c.Status); err != nil {
		return Errors{c.badStatus(err)}
	}
	return nil
}

// badStatus is an error of package status with the place of the setting.
func (c *Config) badStatus(err error) *Error {
	reason := contain.Text(err)
	if bad, ok := errors.AsType[*status.AddrError](err); ok {
		reason = bad.Reason
		if bad.Err != nil {
			reason += ": " + contain.Text(bad.Err)
		}
	}
	return c.bad("status", fmt.Sprintf("is %q, which %s", c.Status, reason), "", err)
}

// ListenStatus listens where the sidecar is to be shown. The error is Errors.
func (c *Config) ListenStatus() (net.Listener, error) {
	l, err := status.Listen(c.Status)
	if err != nil {
		return nil, Errors{c.badStatus(err)}
	}
	return l, nil
}

// Shown is the configuration for people: what counts for each setting, by its key.
func (c *Config) Shown() map[string]string {
	all := map[string]string{}
	for _, s := range settings {
		all[s.key] = show(s.field(c))
	}
	return all
}
