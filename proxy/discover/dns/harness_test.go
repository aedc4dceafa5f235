package dns_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// moment is a Timeout that is waited for, and that resolvers which do answer keep
// within, also when they did not run for a while.
const moment = 2 * time.Second

// startDNS starts a name server that ends with t.
func startDNS(t *testing.T, cfg dnstest.Config, records ...string) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s.Stop) })
	set(t, s, records...)
	return s
}

func set(t *testing.T, s *dnstest.Server, records ...string) {
	t.Helper()
	if err := s.Set(records...); err != nil {
		t.Fatal(err)
	}
}

// discoverer asks s, unless cfg has other resolvers, and waits for long, unless cfg
// has a Timeout.
func discoverer(t *testing.T, s *dnstest.Server, cfg dns.Config) *dns.Discoverer {
	t.Helper()
	if cfg.Resolvers == nil {
		cfg.Resolvers = []string{s.Addr()}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	d, err := dns.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// within is a context that no test should see the end of.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// finds compares what is discovered, in any order.
func finds(t *testing.T, d *dns.Discoverer, want ...string) {
	t.Helper()
	got, err := d.Discover(within(t))
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("found %q, %v; want %q", got, err, want)
	}
}

// fails looks at a Discover that must find nothing for the given reason.
func fails(t *testing.T, d *dns.Discoverer, reason error) {
	t.Helper()
	_ = failure(t, d, reason)
}

// failure is fails that answers the error, too.
func failure(t *testing.T, d *dns.Discoverer, reason error) *dns.LookupError {
	t.Helper()
	found, err := d.Discover(within(t))
	return why(t, found, err, reason)
}

// why is the first failure of a Discover that found nothing.
func why(t *testing.T, found []string, err, reason error) *dns.LookupError {
	t.Helper()
	none, ok := errors.AsType[*dns.NoServersError](err)
	if !ok || len(found) != 0 || len(none.Lookups) == 0 {
		t.Fatalf("found %q, %v (%T); want a *NoServersError", found, err, err)
	}
	e := none.Lookups[0]
	if e.Reason != reason || !errors.Is(err, reason) || !errors.Is(e, reason) {
		t.Fatalf("%v: reason %v, want %v", err, e.Reason, reason)
	}
	return e
}

// deadResolver is an address without a resolver, which the kernel reports. The port
// is kept from everybody else by a socket that hears one peer only, a mute one.
func deadResolver(t *testing.T) string {
	t.Helper()
	c, err := net.Dial("udp", silentResolver(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

// silentResolver takes packets and never answers.
func silentResolver(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}
