package proxy_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestAtkMessages(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Rebalance: calm})
	odd := []messages.Server{{}, {Name: "x"}, {Addr: ":"}, {Addr: "\x00\x1b[2J"}, {Addr: strings.Repeat("x", 1<<20), Name: strings.Repeat("y", 1<<20)}, {Addr: "a:4647", Name: "\n"}, {Addr: "A:4647"}, {Addr: "a.:4647"}, {Addr: "a"}}
	var infosOdd []messages.ServerInfo
	for _, s := range odd {
		infosOdd = append(infosOdd, messages.ServerInfo{RPCAdvertiseAddr: s.Addr, Datacenter: s.Name, RPCMajorVersion: math.MinInt, RPCMinorVersion: math.MaxInt})
	}
	var ms []messages.Message
	for _, s := range odd {
		for _, e := range []uint64{0, 1, math.MaxUint64} {
			ms = append(ms, messages.FailureNotice{Server: s, Epoch: e}, messages.FailureNotice{Server: s, Epoch: e, NoQuorum: true, Partial: true},
				messages.Recovered{Server: s, Epoch: e}, messages.ProbeDone{Round: e, Server: s, RTT: -1}, messages.ProbeDone{Round: e, Server: s, RTT: math.MaxInt64},
				messages.DiscoveryDone{Run: e, Found: []messages.Found{{Addr: s.Addr, Source: messages.Source(s.Name)}, {}}})
		}
		ms = append(ms, messages.Reconnected{Server: s}, messages.Suspected{Addr: s.Addr}, messages.RemoveServer{Server: s},
			messages.SetServers{Addrs: []string{s.Addr}}, messages.SetBackups{Addrs: []string{s.Addr}}, messages.AddBackup{Addrs: []string{s.Addr}}, messages.AddPrimary{Addr: s.Addr},
			messages.HeartbeatUpdate{From: s, Servers: infosOdd, NumNodes: math.MinInt, TTL: math.MinInt64, LeaderRPCAddr: s.Addr},
			messages.HeartbeatUpdate{From: s, Servers: infosOdd, NumNodes: math.MaxInt, TTL: math.MaxInt64, LeaderRPCAddr: s.Addr})
	}
	ms = append(ms, messages.SetServers{}, messages.SetBackups{}, messages.AddBackup{}, messages.AddPrimary{}, messages.RebalanceTick{}, messages.HeartbeatUpdate{},
		messages.RebalanceTick{Reply: actor.Reply[messages.RebalanceResult]{}}, messages.SetServers{Addrs: make([]string, 100000)})
	for i := range 3 {
		for _, m := range ms {
			if err := p.Send(within(t), m); err != nil {
				t.Fatalf("%d %T %v", i, m, err)
			}
		}
		lives(t, p)
		if _, err := p.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	lives(t, p)
	x := p.Explain().String()
	if strings.ContainsAny(x, "\x00\x1b") {
		t.Error("esc")
	}
	t.Log(len(x), p.View().Len(), picture(p.View())[:min(2000, len(picture(p.View())))])
}
