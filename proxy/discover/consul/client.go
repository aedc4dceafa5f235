package consul

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

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
	wait      *time.Duration // that the last answer asked for, see bounded
}

// newClient reads the files and does not connect. The error is a *ConfigError. The caller
// must close the client.
func newClient(ctx context.Context, s *settings) (*client, error) {
	token, err := s.readToken(ctx)
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
		if transport.TLSClientConfig, err = s.tlsConfig(ctx); err != nil {
			return nil, err
		}
	}
	cfg := s.api
	cfg.Token, cfg.TokenFile = clientToken(token), ""
	wait := new(time.Duration)
	cfg.HttpClient = &http.Client{
		Transport: bounded{RoundTripper: transport, wait: wait},
		// A redirect is an answer like any other that is not 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &client{transport: transport, token: token, settings: s, wait: wait}
	if c.api, err = api.NewClient(&cfg); err != nil {
		return nil, &ConfigError{Field: "Address", Reason: fmt.Sprintf("is %s, which Consul's client refuses: %s", quote(printable.WithoutSecrets(s.api.Address)), contain.Text(err)), Err: err}
	}
	return c, nil
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
