package roster

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestTheServersOfAHeartbeatAreKeptWithinBounds(t *testing.T) {
	const heartbeats, size = 30, 1 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, tt := range []struct {
		message string
		make    func(long string) messages.HeartbeatUpdate
	}{
		{"bad addresses", func(long string) messages.HeartbeatUpdate {
			return messages.HeartbeatUpdate{Servers: infos("a", long), LeaderRPCAddr: "a"}
		}},
		{"datacenters", func(long string) messages.HeartbeatUpdate {
			servers := infos("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")
			for i := range servers {
				servers[i].Datacenter = strings.Clone(long)
			}
			return messages.HeartbeatUpdate{Servers: servers, LeaderRPCAddr: "a"}
		}},
		{"datacenters that begin alike", func(string) messages.HeartbeatUpdate {
			servers := infos("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")
			for i := range servers {
				servers[i].Datacenter = strings.Repeat("x", size)
			}
			return messages.HeartbeatUpdate{Servers: servers, LeaderRPCAddr: "a"}
		}},
		{"leaders", func(long string) messages.HeartbeatUpdate {
			return messages.HeartbeatUpdate{Servers: infos("a"), LeaderRPCAddr: long}
		}},
	} {
		g := newRig(t, "a")
		before := heap()
		for i := range heartbeats {
			long := strings.Repeat(string(rune('a'+i%26)), i+1) + "!" + strings.Repeat("x", size)
			for _, l := range only[Log](g.step(tt.make(long))) {
				if len(l.Server.Addr) > maxText || l.Err != nil && len(l.Err.Error()) > 2*maxText {
					t.Fatalf("%s: a line of %d bytes", tt.message, len(l.Server.Addr)+len(l.Err.Error()))
				}
			}
		}
		if after := heap(); after > before+4*size {
			t.Errorf("%s: %d heartbeats grew the heap from %d to %d KiB", tt.message, heartbeats, before>>10, after>>10)
		}
		if n := len(g.view.LeaderAddr()); n > maxText {
			t.Errorf("%s: the view names a leader of %d bytes", tt.message, n)
		}
		runtime.KeepAlive(g)
	}
}

func TestAHeartbeatIsRecognisedWhateverItsLength(t *testing.T) {
	g := newRig(t, "a")
	var m messages.Message = messages.HeartbeatUpdate{
		Servers: []messages.ServerInfo{
			{RPCAdvertiseAddr: "a", Datacenter: strings.Repeat("d", 2*maxText)},
			{RPCAdvertiseAddr: strings.Repeat("b", 2*maxText)},
		},
		LeaderRPCAddr: "a", TTL: 15 * time.Second, From: serv(t, "a"),
	}
	if lines := only[Log](g.step(m)); len(lines) != 1 {
		t.Fatalf("%d lines, want the warning", len(lines))
	}
	if allocs := testing.AllocsPerRun(100, func() { g.r.Step(g.now, m); g.r.Take() }); allocs != 0 {
		t.Errorf("once more it costs %v allocations", allocs)
	}
	if effects := g.step(m); len(effects) > 0 {
		t.Errorf("once more it does %v", effects)
	}
}
