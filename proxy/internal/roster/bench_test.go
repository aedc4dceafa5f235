package roster

import (
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

func BenchmarkUnchangedHeartbeat(b *testing.B) {
	for _, n := range []int{5, 100} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) {
			g := newRig(b, pooled(n)...)
			var m messages.Message = messages.HeartbeatUpdate{Servers: infos(pooled(n)...), NumNodes: 5, LeaderRPCAddr: "a"}
			b.ReportAllocs()
			for b.Loop() {
				g.r.Step(g.now, m)
				g.r.Take()
			}
		})
	}
}

func BenchmarkFailureNotice(b *testing.B) {
	for _, n := range []int{5, 100} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) {
			g := newRig(b, pooled(n)...)
			b.ReportAllocs()
			for b.Loop() {
				active, _ := g.view.Active()
				g.step(messages.FailureNotice{Server: active, Epoch: g.view.Epoch(), Err: errTest})
			}
		})
	}
}

func BenchmarkStaleFailureNotice(b *testing.B) {
	g := newRig(b, pooled(5)...)
	var m messages.Message = messages.FailureNotice{Server: serv(b, "s000"), Epoch: g.view.Epoch(), Err: errTest}
	g.step(m)
	b.ReportAllocs()
	for b.Loop() {
		g.r.Step(g.now, m)
		g.r.Take()
	}
}

func BenchmarkRound(b *testing.B) {
	for _, n := range []int{5, 100} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) {
			g := startRig(b, Config{Servers: servs(b, pooled(n)...)}, seeded(1))
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range only[Probe](g.step(messages.RebalanceTick{})) {
					g.step(messages.ProbeDone{Round: p.Round, Server: p.Server})
				}
			}
		})
	}
}
