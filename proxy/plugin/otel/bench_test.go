package otel_test

import (
	"context"
	"strings"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/otel"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/paired"
)

type named struct{ ID string }

// discarding is a processor whose spans are recorded and go nowhere.
type discarding struct{ sdktrace.SpanProcessor }

func (discarding) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discarding) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discarding) Shutdown(context.Context) error                  { return nil }

// BenchmarkCall is a call of 64 bytes over TCP. In each row a proxy makes it that has these observers, and in
// turn with that another one that has none; x-none is how many times as much the former costs. The
// row of none compares two of the same, and so says what the comparison is worth. The others have spans that are
// recorded, spans that are not sampled, and the global providers as they are where an agent has set
// none.
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
	observer := func(cfg otel.Config) []proxy.Observer {
		o, err := otel.New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(o.Close)
		return []proxy.Observer{o}
	}
	meters := func() *sdkmetric.MeterProvider {
		return sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	}
	for _, row := range []struct {
		name      string
		observers []proxy.Observer
	}{
		{"none", nil},
		{"recorded", observer(otel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discarding{})), MeterProvider: meters()})},
		{"unsampled", observer(otel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), MeterProvider: meters()})},
		{"unset", observer(otel.Config{})},
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
