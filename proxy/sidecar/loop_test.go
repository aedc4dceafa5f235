package sidecar_test

import (
	"net"
	"testing"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
)

// Two sidecars that name each other would pass each call in a circle, until there is no connection
// left.
func TestSidecarsThatNameEachOtherPassNoCalls(t *testing.T) {
	c := newCluster(t, 1)
	for name, servers := range map[string][]string{"and a server": c.Addrs(), "and none": nil} {
		t.Run(name, func(t *testing.T) {
			var log book
			var both [2]*sidecar.Sidecar
			var at [2]net.Listener
			for i := range at {
				var err error
				at[i], err = net.Listen("tcp", "127.0.0.1:0")
				noError(t, err)
			}
			for i := range both {
				cfg := sidecar.Config{Listeners: at[i : i+1]}
				if servers == nil { // the call fails once it was retried
					cfg.Proxy = shortProxy
				}
				cfg.Proxy.Logger = zerolog.New(&log)
				both[i] = newSidecar(t, cfg, append([]string{at[1-i].Addr().String()}, servers...)...)
			}
			for _, s := range both {
				a := newAgent(t, s)
				var leader string
				err := fresh(t, a, "Status.Leader", map[string]string{"Region": "global"}, &leader)
				if answered := err == nil && leader == c.Leader(); answered != (servers != nil) {
					t.Errorf("%q, %v", leader, err)
				}
			}
			awaitThat(t, func() bool { return both[0].Stats().Connections+both[1].Stats().Connections <= 2 })
			for _, s := range both {
				if got := s.Stats(); got.Calls != 1 {
					t.Errorf("%d calls came in, want that of the agent: %+v", got.Calls, got)
				}
				stop(t, s)
			}
			if servers == nil && log.count("a sidecar serves agents there") == 0 {
				t.Error("the log does not say why")
			}
		})
	}
}

// An agent that embeds package proxy, or pool, may have a sidecar as its server.
func TestAnAgentOfThisLibraryIsServed(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	p, err := proxy.Start(proxy.Config{Servers: []string{addr(s)}})
	noError(t, err)
	defer func() { noError(t, p.Stop(t.Context())) }()
	var leader string
	if err := p.Call(t.Context(), "Status.Leader", map[string]string{"Region": "global"}, &leader); err != nil || leader != c.Leader() {
		t.Errorf("%q, %v", leader, err)
	}
}
