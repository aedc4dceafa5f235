package otel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/otel"
)

// points is the points of a metric, and whether it is what kind says.
func points(m metricdata.Metrics) (kind string, sets []attribute.Set, values []float64) {
	add := func(set attribute.Set, v float64) { sets, values = append(sets, set), append(values, v) }
	switch d := m.Data.(type) {
	case metricdata.Histogram[float64]:
		kind = "histogram"
		for _, p := range d.DataPoints {
			add(p.Attributes, float64(p.Count))
		}
	case metricdata.Gauge[int64]:
		kind = "gauge"
		for _, p := range d.DataPoints {
			add(p.Attributes, float64(p.Value))
		}
	case metricdata.Gauge[float64]:
		kind = "gauge"
		for _, p := range d.DataPoints {
			add(p.Attributes, p.Value)
		}
	case metricdata.Sum[float64]:
		kind = "counter"
		for _, p := range d.DataPoints {
			add(p.Attributes, p.Value)
		}
	case metricdata.Sum[int64]:
		if kind = "counter"; !d.IsMonotonic {
			kind = "up-down"
		}
		for _, p := range d.DataPoints {
			add(p.Attributes, float64(p.Value))
		}
	}
	return kind, sets, values
}

// sum is that of the points whose attributes are among these.
func sum(m metricdata.Metrics, want ...attribute.KeyValue) (total float64) {
	_, sets, values := points(m)
	for i, set := range sets {
		matches := true
		for _, kv := range want {
			v, found := set.Value(kv.Key)
			matches = matches && found && v == kv.Value
		}
		if matches {
			total += values[i]
		}
	}
	return total
}

// finder is a Discoverer.
type finder struct{ addrs []string }

func (finder) Source() string                               { return "test" }
func (f finder) Discover(context.Context) ([]string, error) { return f.addrs, nil }

// busy runs a proxy that has seen everything that metrics tell of.
func busy(t *testing.T) (*proxy.Proxy, *telemetry) {
	t.Helper()
	p, _, seen := start(t, 2, func(c *proxy.Config) { c.Discoverer, c.Servers = finder{c.Servers}, nil })
	for late := time.Now().Add(limit); p.NumServers() < 2; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("discovery has found no servers")
		}
	}
	for range 3 {
		if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	_ = p.Call(within(t), "No.Such", struct{}{}, nil)
	beat(t, p)
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(within(t), front, errors.New("test")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Rebalance(within(t)); err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(limit); sum(seen.collect(t)["rpcproxy.failover.duration"]) == 0; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("no failover was told")
		}
	}
	return p, seen
}

// The table in the package's comment is what there is, to the unit, the kind and the attributes.
func TestTheMetricsAreThoseOfTheTable(t *testing.T) {
	_, seen := busy(t)
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	got := seen.collect(t)
	rows := regexp.MustCompile(`(?m)^//\t(\S+) +(\S+) +(histogram|counter|gauge|up-down) *(.*)$`).FindAllStringSubmatch(string(text), -1)
	for _, row := range rows {
		m, found := got[row[1]]
		kind, sets, _ := points(m)
		if !found || m.Unit != row[2] || kind != row[3] || m.Description == "" || len(sets) == 0 {
			t.Errorf("%s %s, %d points, for the row %q", m.Unit, kind, len(sets), row[0])
			continue
		}
		allowed := map[string]bool{}
		last := ""
		for _, name := range regexp.MustCompile(`[^, ]+`).FindAllString(row[4], -1) {
			if name[0] == '.' { // of the same kind as the one before
				name = last[:lastDot(last)] + name
			}
			allowed[name], last = true, name
		}
		for _, set := range sets {
			for _, kv := range set.ToSlice() {
				if !allowed[string(kv.Key)] {
					t.Errorf("%s has %s", row[1], kv.Key)
				}
			}
		}
		delete(got, row[1])
	}
	for name := range got {
		t.Errorf("the table lacks %s", name)
	}
	if len(rows) < 20 {
		t.Errorf("the table has %d rows", len(rows))
	}
}

func lastDot(s string) int {
	for i := len(s) - 1; i > 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return len(s)
}

func TestMetricsCountWhatHappened(t *testing.T) {
	_, seen := busy(t)
	got := seen.collect(t)
	ping := attribute.String("rpc.method", "Status.Ping")
	for _, row := range []struct {
		name string
		want float64
		of   []attribute.KeyValue
	}{
		{"rpc.client.call.duration", 3, []attribute.KeyValue{ping, attribute.String("rpcproxy.call.outcome", "answered")}},
		{"rpc.client.call.duration", 1, []attribute.KeyValue{attribute.String("rpc.method", "_OTHER"), attribute.String("error.type", "unknown_method")}},
		{"rpcproxy.attempts", 3, []attribute.KeyValue{attribute.String("rpcproxy.attempt.outcome", "answered"), attribute.String("rpcproxy.attempt.phase", "decode")}},
		{"rpcproxy.calls", 3, []attribute.KeyValue{attribute.String("rpcproxy.call.outcome", "answered")}},
		{"rpcproxy.failover.duration", 1, []attribute.KeyValue{attribute.String("rpcproxy.move.reason", "failed")}},
		{"rpcproxy.moves", 1, []attribute.KeyValue{attribute.String("rpcproxy.move.reason", "failed"), attribute.Bool("rpcproxy.move.failover", true)}},
		{"rpcproxy.rounds", 1, []attribute.KeyValue{attribute.String("rpcproxy.round.result", "adopted")}},
		{"rpcproxy.discoveries", 1, []attribute.KeyValue{attribute.String("rpcproxy.discovery.source", "test"), attribute.String("rpcproxy.discovery.result", "found")}},
		{"rpcproxy.heartbeat.ttl", 3600, nil},
		{"rpcproxy.cluster.nodes", 5, nil},
		{"rpcproxy.servers", 2, []attribute.KeyValue{attribute.String("rpcproxy.server.role", "primary")}},
	} {
		if v := sum(got[row.name], row.of...); v != row.want {
			_, sets, values := points(got[row.name])
			t.Errorf("%s of %v is %v, not %v: %v %v", row.name, row.of, v, row.want, sets, values)
		}
	}
	if sum(got["rpcproxy.sessions"]) < 1 || sum(got["rpcproxy.io"], attribute.String("network.io.direction", "transmit")) == 0 {
		t.Errorf("%+v, %+v", got["rpcproxy.sessions"], got["rpcproxy.io"])
	}
}

func TestTheSetsOfAttributesAreBounded(t *testing.T) {
	answer := func(context.Context, string, string) error { return nil }
	down := func(context.Context, string, string) error { return errDown }
	for _, row := range []struct {
		name    string
		methods int
		call    func(context.Context, string, string) error
		want    int // methods, "_OTHER" among them
	}{
		{"answered", 0, answer, 65},
		{"few", 3, answer, 4},
		{"none", -1, answer, 1},
		{"not answered", 0, down, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			seen := newTelemetry(t)
			o := seen.observer(t, otel.Config{Methods: row.methods, Attributes: []attribute.KeyValue{attribute.String("agent", "a1")}})
			p, err := proxy.Start(proxy.Config{Servers: hosts(300), Pinger: carrier{row.call}, Observers: []proxy.Observer{o}})
			if err != nil {
				t.Fatal(err)
			}
			stops(t, p.Stop)
			for i := range 200 {
				_ = p.Call(within(t), fmt.Sprintf("Job.M%d", i), nil, nil, proxy.WithClass(proxy.AtMostOnce))
			}
			methods, servers := map[string]bool{}, map[string]bool{}
			for name, m := range seen.collect(t) {
				_, sets, _ := points(m)
				for _, set := range sets {
					if v, found := set.Value("rpc.method"); found {
						methods[v.AsString()] = true
					}
					if v, found := set.Value("server.address"); found {
						servers[v.AsString()] = true
					}
					if v, _ := set.Value("agent"); v.AsString() != "a1" {
						t.Errorf("%s lacks what Config.Attributes has", name)
					}
				}
			}
			if len(methods) != row.want || !methods["_OTHER"] || len(servers) > 129 {
				t.Errorf("%d methods, %d servers", len(methods), len(servers))
			}
		})
	}
}

// After Close nothing holds the proxy, and nothing is read of it.
func TestAnObserverThatWasClosedReadsNothing(t *testing.T) {
	p, _, seen := start(t, 1, nil)
	second := seen.observer(t, otel.Config{Attributes: []attribute.KeyValue{attribute.String("agent", "second")}})
	second.Started(p)
	agent := attribute.String("agent", "second")
	if got := seen.collect(t)["rpcproxy.servers"]; sum(got, agent) != 1 {
		t.Errorf("before: %+v", got)
	}
	second.Close()
	second.Close()
	if got := seen.collect(t)["rpcproxy.servers"]; sum(got, agent) != 0 || sum(got) != 1 {
		t.Errorf("after: %+v", got)
	}
	ctx := second.CallStart(context.Background(), proxy.CallInfo{Method: "Status.Ping"})
	second.AttemptEnd(ctx, proxy.AttemptEnd{Err: errDown})
	second.CallEnd(ctx, proxy.CallEnd{Err: errDown})
}

// A MeterProvider outlives proxies: it does not hold an Observer that was closed.
func TestAnObserverThatWasClosedIsLetGo(t *testing.T) {
	seen := newTelemetry(t)
	held := func() weak.Pointer[otel.Observer] {
		o, err := otel.New(otel.Config{TracerProvider: seen.tracers, MeterProvider: seen.meters})
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
		return weak.Make(o)
	}()
	for late := time.Now().Add(limit); held.Value() != nil; runtime.GC() {
		if time.Now().After(late) {
			t.Fatal("it is held")
		}
	}
	runtime.KeepAlive(seen)
}

func TestTheGlobalProvidersAreTheDefault(t *testing.T) {
	o, err := otel.New(otel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	ctx := o.CallStart(context.Background(), proxy.CallInfo{Method: "Status.Ping"})
	o.AttemptEnd(ctx, proxy.AttemptEnd{})
	o.CallEnd(ctx, proxy.CallEnd{})
	o.Moved(proxy.MoveEvent{Reason: proxy.MoveFailed})
}
