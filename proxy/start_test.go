package proxy_test

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestStartRefusesABadConfigAndNamesTheField(t *testing.T) {
	some := []string{"a"}
	for _, c := range []struct {
		field  string
		quotes []string
		cfg    proxy.Config
	}{
		{"Servers", []string{`"a b"`}, proxy.Config{Servers: []string{"good", "a b"}, Strict: true}},
		{"Servers", []string{`"a b"`}, proxy.Config{Servers: []string{"a b"}, Discoverer: discovering(func(context.Context) ([]string, error) { return nil, nil })}},
		{"Discoverer", []string{"nil proxy_test.discovering"}, proxy.Config{Servers: some, Discoverer: discovering(nil)}},
		{"Pinger", []string{"nil *pool.Pool"}, proxy.Config{Servers: some, Pinger: (*pool.Pool)(nil)}},
		{"Pinger", []string{"nil proxy_test.pinging"}, proxy.Config{Servers: some, Pinger: pinging(nil)}},
		{"Servers", []string{`"nomad:0"`, `"http://x"`, `""`}, proxy.Config{Servers: []string{"nomad:0", "http://x", ""}}},
		{"ProbeTimeout", []string{"-1s", "3s"}, proxy.Config{Servers: some, ProbeTimeout: -time.Second}},
		{"ProbeStagger", []string{"-1ns", "250ms"}, proxy.Config{Servers: some, ProbeStagger: -1}},
		{"DiscoverInterval", []string{"-2s", "15s"}, proxy.Config{Servers: some, DiscoverInterval: -2 * time.Second}},
		{"DiscoverTimeout", []string{"-3s", "10s"}, proxy.Config{Servers: some, DiscoverTimeout: -3 * time.Second}},
		{"RetryTimeout", []string{"-4s", "30s"}, proxy.Config{Servers: some, RetryTimeout: -4 * time.Second}},
		{"DiscoverInterval", []string{"2562047h47m16", "8760h0m0s"}, proxy.Config{Servers: some, DiscoverInterval: math.MaxInt64}},
		{"Rebalance", []string{"MinInterval:2562047h47m16", "8760h0m0s"}, proxy.Config{Servers: some, Rebalance: proxy.Timing{MinInterval: math.MaxInt64}}},
		{"Rebalance", []string{"Spread:8760h0m0.000000001s"}, proxy.Config{Servers: some, Rebalance: proxy.Timing{Spread: 365*24*time.Hour + 1}}},
		{"NodeID", []string{`""`, "rendezvous", "Shuffle"}, proxy.Config{Servers: some, Policy: proxy.Rendezvous}},
		{"Pool", []string{"TLS, DialTimeout", "proxy_test.pinging"}, proxy.Config{Servers: some, Pinger: pinging(upPinger), Pool: pool.Config{DialTimeout: time.Second, TLS: &pool.TLSConfig{}}}},
		{"Pool", []string{"has Logger,"}, proxy.Config{Servers: some, Pinger: pinging(upPinger), Pool: pool.Config{Logger: zerolog.New(io.Discard)}}},
		{"Datacenter", []string{`""`, "PreferDatacenter"}, proxy.Config{Servers: some, PreferDatacenter: true}},
		{"FleetIndex", []string{"7", "Shuffle"}, proxy.Config{Servers: some, Policy: proxy.Rendezvous, NodeID: "n", FleetIndex: 7}},
	} {
		p, err := proxy.Start(c.cfg)
		bad, ok := errors.AsType[*proxy.ConfigError](err)
		if p != nil || !ok || bad.Field != c.field {
			if p != nil {
				stop(t, p.Stop)
			}
			t.Errorf("%s: started: %t, %v", c.field, p != nil, err)
			continue
		}
		for _, quoted := range append(c.quotes, "Config."+c.field) {
			if !strings.Contains(err.Error(), quoted) {
				t.Errorf("%s: the error does not say %s: %v", c.field, quoted, err)
			}
		}
	}
}

func TestTheErrorAboutBadServersReachesEachOfThem(t *testing.T) {
	_, err := proxy.Start(proxy.Config{Servers: []string{"a b", "good", "nomad:0"}, Strict: true})
	all, ok := errors.AsType[*messages.AddrsError](err)
	if !ok || len(all.Errs) != 2 || all.Errs[0].Input != "a b" || all.Errs[1].Input != "nomad:0" {
		t.Fatalf("%v", err)
	}
	if one, ok := errors.AsType[*messages.AddrError](err); !ok || one.Input != "a b" {
		t.Fatalf("%v", err)
	}
}

func TestStartRefusesABadPoolConfig(t *testing.T) {
	_, err := proxy.Start(proxy.Config{Servers: []string{"a"}, Pool: pool.Config{DialTimeout: -time.Second}})
	bad, ok := errors.AsType[*pool.ConfigError](err)
	if !ok || bad.Field != "DialTimeout" || !strings.Contains(err.Error(), "-1s") {
		t.Fatalf("%v", err)
	}
}

func TestStartWaitsForNoServer(t *testing.T) {
	c := startCluster(t, 1)
	c.Server(0).Freeze()
	defer c.Server(0).Thaw()
	p := startProxy(t, proxy.Config{Servers: []string{c.Addrs()[0], "no-such-host.invalid", "10.0.0.1"}})
	holds(t, p, c.Addrs()[0], "no-such-host.invalid:4647", "10.0.0.1:4647")
	if n := c.Server(0).Counts().Accepted; n != 0 {
		t.Errorf("%d connections before the first call", n)
	}
}

func TestServersNamedTwiceCountOnce(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "A:4647", "b", "a"}, Pinger: pinging(upPinger)})
	holds(t, p, "a:4647", "b:4647")
}

// The first probe may have failed by the time Start returns.
func TestAServerMayFailWhileTheProxyStarts(t *testing.T) {
	c := startCluster(t, 1)
	c.Server(0).Kill()
	for range 100 {
		p := startProxy(t, proxy.Config{Servers: c.Addrs(), Rebalance: proxy.Timing{MinInterval: 1}})
		awaitView(t, p, "it is held for failed", func(v *messages.View) bool { return v.Health(server(t, c.Addrs()[0])) == messages.Failed })
		stop(t, p.Stop)
	}
}
