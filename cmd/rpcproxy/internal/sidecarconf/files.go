package sidecarconf

import (
	"context"
	"errors"
	"strings"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
	"github.com/open-nomad/rpcproxy/pool"
)

// CheckFiles reads what the configuration names, as a start would. It connects to nothing.
// The warning is for whoever looks; the error is Errors.
func (c *Config) CheckFiles(ctx context.Context) (warning string, err error) {
	if _, warning, err = c.LoadAgents(ctx); err != nil {
		return "", err
	}
	if _, err = c.Proxy(zerolog.Nop()); err != nil {
		return "", err
	}
	p, err := pool.New(pool.Config{TLS: c.ServersTLS()})
	if err != nil {
		return "", c.Placed(err)
	}
	return warning, p.Stop(ctx)
}

// Placed is err with the place of the setting that it is about, as Errors, if it is about the
// files for TLS towards servers; else it is err.
func (c *Config) Placed(err error) error {
	bad, ok := errors.AsType[*pool.TLSConfigError](err)
	if !ok {
		return err
	}
	key := "tls.ca_file"
	switch {
	case strings.HasPrefix(bad.Field, "Cert"):
		key = "tls.cert_file"
	case strings.HasPrefix(bad.Field, "Key"):
		key = "tls.key_file"
	}
	reason := contain.Text(bad)
	if bad.File != "" && bad.Err != nil {
		reason = "is " + printable.Quote(bad.File, maxShown) + ", which " + string(bad.Problem) + ": " + safefile.Why(bad.Err)
	}
	return Errors{c.bad(key, reason, "", err)}
}
