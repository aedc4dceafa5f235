package consul

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// client is Consul's client for one walk.
type client struct {
	api       *api.Client
	transport *http.Transport
	token     string
	settings  *settings
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
	cfg.HttpClient = &http.Client{
		Transport: bounded{transport},
		// A redirect is an answer like any other that is not 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &client{transport: transport, token: token, settings: s}
	if c.api, err = api.NewClient(&cfg); err != nil {
		// The rest was checked above; NewClient still reads the file of the variable.
		return nil, &ConfigError{Field: api.HTTPTokenFileEnvName, Reason: "cannot be used: " + contain.Text(err), Err: err}
	}
	return c, nil
}

// readToken returns the token for a walk, or "".
func (s *settings) readToken() (string, error) {
	if s.api.TokenFile == "" {
		return s.api.Token, nil
	}
	field := origin("TokenFile", s.TokenFile, api.HTTPTokenFileEnvName)
	if printable.LooksSecret(s.api.TokenFile) {
		return "", &ConfigError{Field: field, Reason: "looks like a token: write it into a file that only you can read, and give the file's name"}
	}
	text, err := os.ReadFile(s.api.TokenFile)
	if err != nil {
		return "", &ConfigError{Field: field, Reason: fmt.Sprintf("is %s, which cannot be read: %s", quote(s.api.TokenFile), fileReason(err)), Err: err}
	}
	token := strings.TrimSpace(string(text))
	if token == "" || !plain(token) {
		return "", &ConfigError{Field: field, Reason: fmt.Sprintf("is %s, which holds no token: write it there as it was issued", quote(s.api.TokenFile))}
	}
	return token, nil
}

// fileReason is why a file cannot be read, without its name.
func fileReason(err error) string {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = path.Err
	}
	return contain.Text(err)
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
	return &ConfigError{Field: field, Reason: fmt.Sprintf("is %s, which cannot be used: %s", quote(value), contain.Text(err)), Err: err}
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

// The paths of a service in the API, with its checks and without.
const (
	healthPath    = "/v1/health/service/"
	cataloguePath = "/v1/catalog/service/"
)

// instances asks a datacenter for the service and its checks. Where that path is not
// found, as behind a reverse proxy that serves only some paths, it asks for the service
// alone.
func (c *client) instances(ctx context.Context, datacenter string) (iter.Seq[instance], *Error) {
	health := func(service, tag string, q *api.QueryOptions) ([]*api.ServiceEntry, *api.QueryMeta, error) {
		return c.api.Health().Service(service, tag, false, q)
	}
	found, err := ask(ctx, c, healthPath, datacenter, checked, health)
	if err != nil && err.Status == http.StatusNotFound {
		return ask(ctx, c, cataloguePath, datacenter, listed, c.api.Catalog().Service)
	}
	return found, err
}

// ask asks a datacenter for the service at one of its paths.
func ask[E any](ctx context.Context, c *client, path, datacenter string, read func(E) instance,
	request func(service, tag string, q *api.QueryOptions) ([]E, *api.QueryMeta, error),
) (iter.Seq[instance], *Error) {
	limited, stop := context.WithTimeout(ctx, c.settings.RequestTimeout)
	defer stop()
	q := c.options(limited)
	q.Datacenter, q.AllowStale, q.Near = datacenter, true, "_agent"
	path += c.settings.Service
	entries, meta, err := request(c.settings.Service, c.settings.Tag, q)
	if err != nil {
		return nil, c.failure(ctx, limited, path, datacenter, err)
	}
	if len(entries) == 0 && meta.ResultsFilteredByACLs {
		return nil, &Error{Path: path, Datacenter: datacenter, Status: http.StatusOK, Err: errHidden}
	}
	return func(yield func(instance) bool) {
		for _, e := range entries {
			if !yield(read(e)) {
				return
			}
		}
	}, nil
}

func (c *client) options(ctx context.Context) *api.QueryOptions {
	return (&api.QueryOptions{Token: c.token}).WithContext(ctx)
}
