package gometrics_test

import (
	"context"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/gometrics"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/paired"
)

type named struct{ ID string }

// BenchmarkCall is a call of 64 bytes over TCP. In each row a proxy makes it that has these observers, and in
// turn with that another one that has none; x-none is how many times as much the former costs. The
// row of none compares two of the same, and so says what the comparison is worth. The sink is that in memory, which
// Nomad's agent always has.
func BenchmarkCall(b *testing.B) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 1})
	if err != nil {
		b.Fatal(err)
	}
	stops(b, c.Stop)
	args, reply := named{ID: strings.Repeat("x", 64)}, named{}
	c.Server(0).Handle("Echo.Same", func(context.Context, *testutil.Request) (any, error) { return args, nil })
	caller := func(b *testing.B, observers ...proxy.Observer) func() error {
		b.Helper()
		p, err := proxy.Start(proxy.Config{Servers: c.Addrs(), Observers: observers})
		if err != nil {
			b.Fatal(err)
		}
		stops(b, p.Stop)
		call := func() error {
			return p.Call(context.Background(), "Echo.Same", &args, &reply, proxy.WithClass(proxy.Read))
		}
		if err := call(); err != nil { // which dials
			b.Fatal(err)
		}
		return call
	}
	for _, row := range []struct {
		name      string
		observers []proxy.Observer
	}{
		{"none", nil},
		{"gometrics", []proxy.Observer{gometrics.New(gometrics.Config{Metrics: newBook(b).Metrics})}},
	} {
		b.Run("observers="+row.name, func(b *testing.B) {
			none, with := caller(b), caller(b, row.observers...)
			b.ResetTimer()
			costs, err := paired.Measure(b.N, none, with)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(costs[1].Each), "ns/op")
			b.ReportMetric(costs[1].Times, "x-none")
		})
	}
}
