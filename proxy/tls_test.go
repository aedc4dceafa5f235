package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// tlsCluster is servers of mars that speak TLS, and what an agent there has.
func tlsCluster(t *testing.T) (c *testutil.Cluster, agent *pool.TLSConfig) {
	t.Helper()
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server("mars")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("mars")
	if err != nil {
		t.Fatal(err)
	}
	c, err = testutil.StartCluster(testutil.ClusterConfig{
		Server: testutil.ServerConfig{Region: "mars", TLS: ca.ServerTLS(server, "mars")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c, &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: client.CertPEM, KeyPEM: client.KeyPEM}
}

func startOver(t *testing.T, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	if cfg.Pinger == nil {
		cfg.Pool.DialTimeout = far
	}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestTheRegionOfTheProxyIsThatOfTheCertificates(t *testing.T) {
	c, agent := tlsCluster(t)
	p := startOver(t, proxy.Config{Servers: c.Addrs(), Region: "mars", Pool: pool.Config{TLS: agent}})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	if agent.Region != "" {
		t.Error("the embedder's configuration was changed")
	}
	if err := p.SetTLS(within(t), agent); err != nil {
		t.Error(err)
	}
	other := *agent
	other.Region = "venus"
	if err := p.SetTLS(within(t), &other); err != nil { // of which these servers have no say
		t.Errorf("%v", err)
	}
	awaitTrust(t, p, c.Addrs(), pool.ErrTLSWrongName)
	if err := p.SetTLS(within(t), agent); err != nil {
		t.Error(err)
	}
	awaitTrust(t, p, c.Addrs(), nil)
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Error(err)
	}
}

// awaitTrust waits until each server is found not to be trusted for that reason, or trusted.
func awaitTrust(t *testing.T, p *proxy.Proxy, addrs []string, why error) {
	t.Helper()
	for _, addr := range addrs {
		eventually(t, "the end of use, or its beginning", func() bool {
			_, err := p.Ping(within(t), addr)
			return why == nil && err == nil || why != nil && errors.Is(err, why)
		})
	}
}

func TestACallWithoutATrustedServerHasTheReason(t *testing.T) {
	c, agent := tlsCluster(t)
	p := startOver(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: 50 * time.Millisecond, Pool: pool.Config{TLS: agent}})
	err := p.Call(endless(t), "Status.Ping", struct{}{}, nil)
	e, ok := errors.AsType[*pool.TLSError](err)
	if !ok || e.Kind != pool.ErrTLSWrongName || e.Wanted != "server.global.nomad" {
		t.Errorf("%v", err)
	}
}

func TestSetTLSIsNotForTheConnectionsOfOthers(t *testing.T) {
	own, err := pool.New(pool.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop(context.Background()) })
	p := startOver(t, proxy.Config{Servers: []string{"127.0.0.1"}, Pinger: own})
	if err := p.SetTLS(within(t), nil); !errors.Is(err, proxy.ErrForeignPool) {
		t.Errorf("%v", err)
	}
	if err := p.OfferTLS(nil); !errors.Is(err, proxy.ErrForeignPool) {
		t.Errorf("%v", err)
	}
	if pending, why := p.OfferedTLS(); pending || why != nil {
		t.Errorf("pending: %v", why)
	}
}

func TestAnOfferIsForTheRegionOfTheProxyToo(t *testing.T) {
	c, agent := tlsCluster(t)
	p := startOver(t, proxy.Config{Servers: c.Addrs(), Region: "mars", Pool: pool.Config{TLS: agent}})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	other := *agent
	other.Region = "venus"
	for _, o := range []struct {
		cfg *pool.TLSConfig
		why error
	}{{&other, pool.ErrTLSWrongName}, {agent, nil}} {
		if err := p.OfferTLS(o.cfg); err != nil {
			t.Fatal(err)
		}
		awaitTrust(t, p, c.Addrs(), o.why)
		if pending, why := p.OfferedTLS(); pending {
			t.Errorf("the certificate is the same, and on offer: %v", why)
		}
	}
}

// The error of a call that is given up has each fact once.
func TestTheErrorOfACallThatIsGivenUpRepeatsNothing(t *testing.T) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	for _, s := range c.Servers() {
		s.Refuse()
	}
	p := startOver(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: 50 * time.Millisecond})
	err = p.Call(endless(t), "Status.Ping", struct{}{}, nil)
	e, ok := errors.AsType[*proxy.CallError](err)
	if !ok || !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, proxy.ErrRetriesSpent) {
		t.Fatalf("%v", err)
	}
	// Between them may be that its server is in back-off, and until when.
	begin, end := fmt.Sprintf("Status.Ping on %s: dial: connection refused", e.Server), ": no time left for another attempt (not sent"
	if text := err.Error(); !strings.HasPrefix(text, begin) || !strings.Contains(text, end) || strings.Count(text, "refused") != 1 {
		t.Errorf("%v\nwant %s%s", err, begin, end)
	}
}

func TestRenewedIsAboutTheSessionToTheServerInFront(t *testing.T) {
	c, agent := tlsCluster(t)
	var renewals atomic.Int64
	p := startOver(t, proxy.Hooked(proxy.Config{Servers: c.Addrs(), Region: "mars", Pool: pool.Config{TLS: agent}},
		poolhooks.Hooks{Renewed: func(string) { renewals.Add(1) }}))
	next := p.Renewed()
	for _, addr := range c.Addrs() {
		if _, err := p.Ping(within(t), addr); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-next:
		t.Fatal("nothing was renewed")
	default:
	}
	for round := range int64(3) {
		if err := p.SetTLS(within(t), agent); err != nil {
			t.Fatal(err)
		}
		receive(t, "the renewal", next)
		next = p.Renewed()
		all := (round + 1) * int64(len(c.Addrs()))
		eventually(t, "the renewal of all sessions", func() bool { return renewals.Load() == all })
		select {
		case <-next:
			t.Fatal("one renewal was reported twice")
		default:
		}
	}
}
