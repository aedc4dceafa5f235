package gometrics_test

import (
	"context"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/gometrics"
	"github.com/open-nomad/rpcproxy/testutil"
)

type named struct{ ID string }

// BenchmarkCall is a call of 64 bytes over TCP: without an observer, and with an Emitter over the sink in
// memory, which Nomad's agent always has.
func BenchmarkCall(b *testing.B) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 1})
	if err != nil {
		b.Fatal(err)
	}
	stops(b, c.Stop)
	args, reply := named{ID: strings.Repeat("x", 64)}, named{}
	c.Server(0).Handle("Echo.Same", func(context.Context, *testutil.Request) (any, error) { return args, nil })
	for _, row := range []struct {
		name      string
		observers []proxy.Observer
	}{
		{"none", nil},
		{"gometrics", []proxy.Observer{gometrics.New(gometrics.Config{Metrics: newBook(b).Metrics})}},
	} {
		b.Run(row.name, func(b *testing.B) {
			p, err := proxy.Start(proxy.Config{Servers: c.Addrs(), Observers: row.observers})
			if err != nil {
				b.Fatal(err)
			}
			stops(b, p.Stop)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Call(ctx, "Echo.Same", &args, &reply, proxy.WithClass(proxy.Read)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
