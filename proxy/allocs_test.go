package proxy_test

import (
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestReadsAllocateNothing(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: names(5), Pinger: pinging(upPinger)})
	u := messages.HeartbeatUpdate{Servers: infos(names(5)...), NumNodes: 3, LeaderRPCAddr: "a"}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	var front messages.Server
	var seen int
	for name, read := range map[string]func(){
		"FindServer":     func() { front, _ = p.FindServer() },
		"View":           func() { seen += p.View().Len() },
		"NumServers":     func() { seen += p.NumServers() },
		"NumNodes":       func() { seen += p.NumNodes() },
		"LeaderAddr":     func() { seen += len(p.LeaderAddr()) },
		"ServerRPCAddrs": func() { seen += len(p.ServerRPCAddrs()) },
		"Health":         func() { seen += int(p.View().Health(front)) },
		"All": func() {
			for s := range p.View().All() {
				seen += len(s.Addr)
			}
		},
	} {
		if n := testing.AllocsPerRun(1000, read); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if seen == 0 || front == (messages.Server{}) {
		t.Error("nothing was read")
	}
}

func TestFindServerAllocatesNothingWithoutAServerEither(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	if _, err := p.Remove(within(t), active(t, p)); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = p.FindServer() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
