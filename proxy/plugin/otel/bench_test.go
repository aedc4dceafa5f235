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
)

type named struct{ ID string }

// discarding is a processor whose spans are recorded and go nowhere.
type discarding struct{ sdktrace.SpanProcessor }

func (discarding) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discarding) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discarding) Shutdown(context.Context) error                  { return nil }

// BenchmarkCall is a call of 64 bytes over TCP: without an observer, with spans that are recorded and
// metrics, with spans that are not sampled and metrics, and with the global providers as they are
// where an agent has set none.
func BenchmarkCall(b *testing.B) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 1})
	if err != nil {
		b.Fatal(err)
	}
	stops(b, c.Stop)
	args, reply := named{ID: strings.Repeat("x", 64)}, named{}
	c.Server(0).Handle("Echo.Same", func(context.Context, *testutil.Request) (any, error) { return args, nil })
	meters := func() *sdkmetric.MeterProvider {
		return sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	}
	for _, row := range []struct {
		name string
		cfg  *otel.Config
	}{
		{"none", nil},
		{"otel", &otel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discarding{})), MeterProvider: meters()}},
		{"unsampled", &otel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), MeterProvider: meters()}},
		{"unset", &otel.Config{}},
	} {
		b.Run(row.name, func(b *testing.B) {
			cfg := proxy.Config{Servers: c.Addrs()}
			if row.cfg != nil {
				o, err := otel.New(*row.cfg)
				if err != nil {
					b.Fatal(err)
				}
				defer o.Close()
				cfg.Observers = []proxy.Observer{o}
			}
			p, err := proxy.Start(cfg)
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
