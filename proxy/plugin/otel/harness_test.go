package otel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/otel"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const (
	limit = 60 * time.Second
	token = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"
)

// telemetry is providers whose spans and metrics can be read back.
type telemetry struct {
	spans          *tracetest.InMemoryExporter
	tracers        *sdktrace.TracerProvider
	reader         *sdkmetric.ManualReader
	meters         *sdkmetric.MeterProvider
	started, ended atomic.Int64
}

func (c *telemetry) OnStart(context.Context, sdktrace.ReadWriteSpan) { c.started.Add(1) }
func (c *telemetry) OnEnd(sdktrace.ReadOnlySpan)                     { c.ended.Add(1) }
func (c *telemetry) Shutdown(context.Context) error                  { return nil }
func (c *telemetry) ForceFlush(context.Context) error                { return nil }

// newTelemetry makes providers. When the test ends each span must have ended.
func newTelemetry(t testing.TB) *telemetry {
	c := &telemetry{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	c.tracers = sdktrace.NewTracerProvider(sdktrace.WithSyncer(c.spans), sdktrace.WithSpanProcessor(c))
	c.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(c.reader))
	t.Cleanup(func() {
		if s, e := c.started.Load(), c.ended.Load(); s != e {
			t.Errorf("%d spans were begun, %d ended", s, e)
		}
	})
	return c
}

// observer makes an Observer over the providers.
func (c *telemetry) observer(t testing.TB, cfg otel.Config) *otel.Observer {
	t.Helper()
	cfg.TracerProvider, cfg.MeterProvider = c.tracers, c.meters
	o, err := otel.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// collect reads the metrics, by name.
func (c *telemetry) collect(t testing.TB) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := c.reader.Collect(within(t), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

// named is the spans of a name.
func (c *telemetry) named(name string) (found tracetest.SpanStubs) {
	for _, s := range c.spans.GetSpans() {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

// values is the attributes of something, as text.
func values(all []attribute.KeyValue) map[string]string {
	found := map[string]string{}
	for _, kv := range all {
		found[string(kv.Key)] = kv.Value.String()
	}
	return found
}

// start runs a cluster and a proxy with an Observer until the test ends.
func start(t testing.TB, size int, change func(*proxy.Config)) (*proxy.Proxy, *testutil.Cluster, *telemetry) {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, c.Stop)
	seen := newTelemetry(t)
	cfg := proxy.Config{Servers: c.Addrs(), Observers: []proxy.Observer{seen.observer(t, otel.Config{})}, Rebalance: proxy.Timing{Spread: time.Hour}}
	if change != nil {
		change(&cfg)
	}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stops(t, p.Stop)
	return p, c, seen
}

func stops(t testing.TB, stop func(context.Context) error) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// told stops a proxy, which waits until observers know what happened.
func told(t testing.TB, p *proxy.Proxy) {
	t.Helper()
	if err := p.Stop(within(t)); err != nil {
		t.Fatal(err)
	}
}

// beat reports a heartbeat that was answered.
func beat(t testing.TB, p *proxy.Proxy) {
	t.Helper()
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	u := messages.HeartbeatUpdate{NumNodes: 5, LeaderRPCAddr: front.Addr, TTL: time.Hour}
	for _, addr := range p.ServerRPCAddrs() {
		u.Servers = append(u.Servers, messages.ServerInfo{RPCAdvertiseAddr: addr})
	}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
}

// carrier is an embedder's pool.
type carrier struct {
	call func(ctx context.Context, addr, method string) error
}

func (carrier) Ping(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }
func (c carrier) Call(ctx context.Context, addr, method string, _, _ any) error {
	return c.call(ctx, addr, method)
}

// hosts is the names of many servers.
func hosts(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("h%03d", i))
	}
	return all
}

var errDown = errors.New("down")

// shown is everything that can be read back, as one text.
func (c *telemetry) shown(t testing.TB) string {
	var b strings.Builder
	for _, s := range c.spans.GetSpans() {
		fmt.Fprintf(&b, "%s %v %+v\n", s.Name, s.Attributes, s.Status)
		for _, e := range s.Events {
			fmt.Fprintf(&b, "  %s %v\n", e.Name, e.Attributes)
		}
	}
	for _, m := range c.collect(t) {
		fmt.Fprintf(&b, "%+v\n", m)
	}
	return b.String()
}
