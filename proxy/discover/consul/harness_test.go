package consul_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

var _ proxy.Discoverer = (*consul.Discoverer)(nil)

const (
	datacenters = "/v1/catalog/datacenters"
	service     = "/v1/health/service/nomad"
	catalogue   = "/v1/catalog/service/nomad"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// moment is a RequestTimeout that is waited for, and that requests which are
// answered keep within, also when the agent did not run for a while.
const moment = 2 * time.Second

// start starts an agent of Consul that ends with t.
func start(t *testing.T, cfg consultest.Config) *consultest.Server {
	t.Helper()
	c, err := consultest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// federation is an agent in dc0 that knows so many datacenters without servers.
func federation(t *testing.T, size int) *consultest.Server {
	t.Helper()
	c := start(t, consultest.Config{Datacenter: "dc0"})
	for i := range size {
		c.SetServices(fmt.Sprintf("dc%d", i))
	}
	return c
}

// at is a server at an address of its own.
func at(host string) consultest.Service {
	return consultest.Service{Node: "n-" + host, NodeAddress: "10.9.9.9", Address: host, Port: 4647}
}

// finder makes a Discoverer that must be made. It waits for long, unless cfg has
// how long.
func finder(t *testing.T, cfg consul.Config) *consul.Discoverer {
	t.Helper()
	if cfg.RequestTimeout == 0 {
		cfg.RequestTimeout = patience
	}
	d, err := consul.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// limited is a context that keeps a test from hanging.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	t.Cleanup(stop)
	return ctx
}

// finds discovers and must find exactly these.
func finds(t *testing.T, d *consul.Discoverer, want ...string) {
	t.Helper()
	got, err := d.Discover(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("found %q, want %q", got, want)
	}
}

// failed discovers and must find nothing, for that reason.
func failed(t *testing.T, d *consul.Discoverer, want error) error {
	t.Helper()
	got, err := d.Discover(limited(t))
	if len(got) != 0 || !errors.Is(err, want) {
		t.Fatalf("found %q, %v; want nothing and %v", got, err, want)
	}
	return err
}

// asked are the datacenters that were asked for the service, in order.
func asked(c *consultest.Server) []string {
	var out []string
	for _, r := range c.Requests() {
		if r.Path == service {
			out = append(out, r.Datacenter)
		}
	}
	return out
}

// file writes a file that ends with t.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	write(t, name, text)
	return name
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hungUp waits until c has no connection any more.
func hungUp(t *testing.T, c *consultest.Server) {
	t.Helper()
	until(t, "no connection is left", func() bool { return c.Counts().Open == 0 })
}

// until waits for what will be so soon.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	over := time.NewTimer(patience)
	defer over.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-over.C:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
