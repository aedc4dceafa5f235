package consul

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// client is Consul's client for one walk.
type client struct {
	api       *api.Client
	transport *http.Transport
	token     string
	settings  *settings
	wait      *time.Duration // that the last answer asked for, see bounded
}

// newClient reads the files and does not connect. The error is a *ConfigError. The caller
// must close the client.
func newClient(s *settings) (*client, error) {
	token, err := s.readToken()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{}).DialContext,
		TLSHandshakeTimeout:    s.RequestTimeout,
		MaxResponseHeaderBytes: maxHeader,
	}
	if s.socket != "" {
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
		}
	}
	if s.api.Scheme == "https" {
		if transport.TLSClientConfig, err = api.SetupTLSConfig(&s.api.TLSConfig); err != nil {
			return nil, s.badTLS(err)
		}
	}
	cfg := s.api
	cfg.Token, cfg.TokenFile = token, ""
	wait := new(time.Duration)
	cfg.HttpClient = &http.Client{
		Transport: bounded{RoundTripper: transport, wait: wait},
		// A redirect is an answer like any other that is not 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &client{transport: transport, token: token, settings: s, wait: wait}
	if c.api, err = api.NewClient(&cfg); err != nil {
		// The rest was checked above; NewClient still reads the file of the variable.
		return nil, &ConfigError{Field: api.HTTPTokenFileEnvName, Reason: "cannot be used: " + err.Error(), Err: err}
	}
	return c, nil
}

// readToken returns the token for a walk, or "".
func (s *settings) readToken() (string, error) {
	if s.api.TokenFile == "" {
		return s.api.Token, nil
	}
	field := origin("TokenFile", s.TokenFile, api.HTTPTokenFileEnvName)
	text, err := os.ReadFile(s.api.TokenFile)
	if err != nil {
		return "", &ConfigError{Field: field, Reason: fmt.Sprintf("is %q, which cannot be read: %v", s.api.TokenFile, err), Err: err}
	}
	token := strings.TrimSpace(string(text))
	if token == "" || !plain(token) {
		return "", &ConfigError{Field: field, Reason: fmt.Sprintf("is %q, which holds no token: write it there as it was issued", s.api.TokenFile)}
	}
	return token, nil
}

// badTLS names the field, or the variable, that the client's error is about.
func (s *settings) badTLS(err error) error {
	t := s.api.TLSConfig
	field, value := origin("CAFile", s.CAFile, api.HTTPCAFile), t.CAFile
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		field, value = "KeyFile", ""
	case t.CertFile == "" && t.KeyFile != "":
		field, value = "CertFile", ""
	case t.CertFile != "" && certificateFails(t):
		field, value = origin("CertFile", s.CertFile, api.HTTPClientCert), t.CertFile
	case t.CAFile == "":
		field, value = api.HTTPCAPath, t.CAPath
	}
	return &ConfigError{Field: field, Reason: fmt.Sprintf("is %q, which cannot be used: %v", value, err), Err: err}
}

// origin is the field or the variable that a value came from.
func origin(field, given, variable string) string {
	if given != "" {
		return field
	}
	return variable
}

// certificateFails reports whether the error is about the certificate or its key.
func certificateFails(t api.TLSConfig) bool {
	_, err := api.SetupTLSConfig(&api.TLSConfig{CertFile: t.CertFile, KeyFile: t.KeyFile})
	return err != nil
}

// close ends the connections. None is in use any more.
func (c *client) close() { c.transport.CloseIdleConnections() }

// datacenters asks for the names of all datacenters. The client's own method for
// it takes no context.
func (c *client) datacenters(ctx context.Context) ([]string, *Error) {
	const path = "/v1/catalog/datacenters"
	limited, stop := context.WithTimeout(ctx, c.settings.RequestTimeout)
	defer stop()
	var names []string
	if _, err := c.api.Raw().Query(path, &names, c.options(limited)); err != nil {
		return nil, c.failure(ctx, limited, path, "", err)
	}
	return names, nil
}

func (c *client) options(ctx context.Context) *api.QueryOptions {
	return (&api.QueryOptions{Token: c.token}).WithContext(ctx)
}
