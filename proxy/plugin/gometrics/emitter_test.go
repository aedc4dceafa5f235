package gometrics_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/gometrics"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const (
	limit    = 60 * time.Second
	token    = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"
	identity = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJub21hZCJ9.c2lnbmF0dXJlLW9mLWl0"
	password = "hunter2-correct-horse"
)

// book is go-metrics, set up as Nomad does, over a sink in memory.
type book struct {
	*metrics.Metrics
	sink *metrics.InmemSink
}

func newBook(t testing.TB) book {
	t.Helper()
	sink := metrics.NewInmemSink(24*time.Hour, 100*24*time.Hour)
	cfg := metrics.DefaultConfig("nomad")
	cfg.EnableHostname, cfg.EnableHostnameLabel, cfg.EnableRuntimeMetrics, cfg.HostName = false, true, false, "here"
	m, err := metrics.New(cfg, sink)
	if err != nil {
		t.Fatal(err)
	}
	return book{m, sink}
}

// entry is a metric: a gauge's value, a counter's sum, or a sample's count and sum.
type entry struct {
	kind       string
	count, sum float64
	labels     map[string]string
}

// read is everything that was emitted, by name, without the part that all share.
func (b book) read() map[string][]entry {
	found := map[string][]entry{}
	add := func(name string, e entry, all []metrics.Label) {
		e.labels = map[string]string{}
		for _, l := range all {
			e.labels[l.Name] = l.Value
		}
		name = strings.TrimPrefix(name, "nomad.client.rpc.")
		found[name] = append(found[name], e)
	}
	for _, interval := range b.sink.Data() {
		for _, v := range interval.Gauges {
			add(v.Name, entry{kind: "gauge", sum: float64(v.Value)}, v.Labels)
		}
		for _, v := range interval.Counters {
			add(v.Name, entry{kind: "counter", count: float64(v.Count), sum: v.Sum}, v.Labels)
		}
		for _, v := range interval.Samples {
			add(v.Name, entry{kind: "timer", count: float64(v.Count), sum: v.Sum}, v.Labels)
		}
	}
	return found
}

// of is the one entry of a name with labels.
func (b book) of(name string, want map[string]string) (found entry) {
	for _, e := range b.read()[name] {
		matches := true
		for k, v := range want {
			matches = matches && e.labels[k] == v
		}
		if matches {
			found.count += e.count
			found.sum += e.sum
			found.kind = e.kind
		}
	}
	return found
}

// start runs a cluster and a proxy with an Emitter until the test ends.
func start(t testing.TB, size int, cfg gometrics.Config, change func(*proxy.Config)) (*proxy.Proxy, *testutil.Cluster, *gometrics.Emitter, book) {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, c.Stop)
	b := newBook(t)
	cfg.Metrics = b.Metrics
	e := gometrics.New(cfg)
	pc := proxy.Config{Servers: c.Addrs(), Observers: []proxy.Observer{e}, Rebalance: proxy.Timing{Spread: time.Hour}}
	if change != nil {
		change(&pc)
	}
	p, err := proxy.Start(pc)
	if err != nil {
		t.Fatal(err)
	}
	stops(t, p.Stop)
	return p, c, e, b
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

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for late := time.Now().Add(limit); !is(); runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatalf("not within %v: %s", limit, what)
		}
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

// finder is a Discoverer.
type finder struct{ addrs []string }

func (f finder) Discover(context.Context) ([]string, error) { return f.addrs, nil }

// The table in the package's comment is what there is, to the kind and the labels; and a real
// failover, of a server that is killed while a call runs on it, is in the numbers.
func TestTheMetricsAreThoseOfTheTable(t *testing.T) {
	p, c, e, b := start(t, 3, gometrics.Config{}, func(c *proxy.Config) { c.Discoverer, c.Servers = finder{c.Servers}, nil })
	eventually(t, "discovery finds servers", func() bool { return p.NumServers() == 3 })
	e.Emit()
	first, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{}, 1)
	for _, s := range c.Servers() {
		s.Handle("Test.Read", func(ctx context.Context, _ *testutil.Request) (any, error) {
			if s.Addr() == first.Addr {
				entered <- struct{}{}
				<-ctx.Done()
			}
			return "done", ctx.Err()
		})
	}
	done := make(chan error, 1)
	go func() { done <- p.Call(within(t), "Test.Read", struct{}{}, nil, proxy.WithClass(proxy.Read)) }()
	<-entered
	c.ServerAt(first.Addr).Kill()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	beat(t, p)
	beat(t, p)
	if _, err := p.Rebalance(within(t)); err != nil {
		t.Fatal(err)
	}
	e.Emit()
	told(t, p)
	e.Emit()

	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	got := b.read()
	rows := regexp.MustCompile(`(?m)^//\t([a-z0-9_.]+) +\S+ +(timer|counter|gauge) +(.*)$`).FindAllStringSubmatch(string(text), -1)
	for _, row := range rows {
		all := got[row[1]]
		if len(all) == 0 || all[0].kind != row[2] {
			t.Errorf("%+v for the row %q", all, row[0])
		}
		for _, one := range all {
			if one.labels["host"] != "here" {
				t.Errorf("%s lacks the label of go-metrics itself: %v", row[1], one.labels)
			}
			delete(one.labels, "host")
			for name := range one.labels {
				if !regexp.MustCompile(`^([a-z]+, )*` + name + `\b`).MatchString(row[3]) {
					t.Errorf("%s has the label %s", row[1], name)
				}
			}
		}
		delete(got, row[1])
	}
	for name := range got {
		t.Errorf("the table lacks %s", name)
	}
	if len(rows) < 25 {
		t.Errorf("the table has %d rows", len(rows))
	}
	for _, row := range []struct {
		name   string
		labels map[string]string
		count  float64 // of a timer or counter
	}{
		{"call", map[string]string{"method": "Test.Read", "outcome": "answered"}, 1},
		{"attempt", map[string]string{"server": first.Addr, "phase": "wait"}, 1},
		{"attempt", map[string]string{"phase": "decode"}, 1},
		{"retry", nil, 1},
		{"failover", map[string]string{"reason": "connection_lost"}, 1},
		{"heartbeat.left", nil, 1},
		{"round", map[string]string{"result": "adopted"}, 1},
		{"discovery", map[string]string{"result": "found"}, 1},
	} {
		if got := b.of(row.name, row.labels); got.count != row.count {
			t.Errorf("%s of %v: %+v", row.name, row.labels, got)
		}
	}
	if left := b.of("heartbeat.left", nil).sum; left > 3.6e6 || left < 3.6e6-float64(limit.Milliseconds()) {
		t.Errorf("of an hour %v ms were left", left)
	}
	if ttl := b.of("heartbeat.ttl", nil).sum; ttl != 3.6e6 {
		t.Errorf("the TTL is %v ms", ttl)
	}
	if sent := b.of("sent", nil).sum; sent == 0 {
		t.Error("no byte was sent")
	}
}

// What Emit counts is what happened since the last time; gauges of what is no more are 0.
func TestEmitCountsWhatIsNewAndForgetsWhatIsGone(t *testing.T) {
	p, c, e, b := start(t, 1, gometrics.Config{}, nil)
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		e.Emit()
	}
	server := map[string]string{"server": c.Addrs()[0]}
	if dials := b.of("dials", nil); dials.sum != 1 || dials.count != 3 {
		t.Errorf("after three times: %+v", dials)
	}
	if got := b.of("sessions", server).sum; got != 1 {
		t.Errorf("%v sessions", got)
	}
	told(t, p)
	e.Emit()
	if got := b.of("sessions", server); got.sum != 0 || got.kind != "gauge" {
		t.Errorf("once it has stopped: %+v", got)
	}
}

// Run has no goroutine of its own, and emits once more at the end.
func TestRunEmitsUntilItsContextEnds(t *testing.T) {
	_, _, e, b := start(t, 1, gometrics.Config{}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { e.Run(ctx, time.Millisecond); close(ended) }()
	eventually(t, "it emits again", func() bool { return b.of("dials", nil).count > 2 })
	cancel()
	<-ended
	before := b.of("dials", nil).count
	ended = make(chan struct{})
	go func() { e.Run(ctx, 0); close(ended) }()
	<-ended
	if n := b.of("dials", nil).count; n != before+2 {
		t.Errorf("with a context that has ended it emits %v times", n-before)
	}
}

func TestBeforeTheStartNothingIsEmitted(t *testing.T) {
	b := newBook(t)
	e := gometrics.New(gometrics.Config{Metrics: b.Metrics})
	e.Emit()
	if got := b.read(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Without a Config everything goes to the global metrics, also to those that are set later.
func TestTheGlobalMetricsAreTheDefault(t *testing.T) {
	e := gometrics.New(gometrics.Config{Prefix: []string{"agent"}, Labels: []metrics.Label{{Name: "node_id", Value: "n1"}}})
	e.Moved(proxy.MoveEvent{Reason: proxy.MoveSilent})
	e.Emit() // which waits for it
	sink, before := metrics.NewInmemSink(24*time.Hour, 100*24*time.Hour), metrics.Default()
	cfg := before.Config
	cfg.ServiceName, cfg.FilterDefault = "test", true
	if _, err := metrics.NewGlobal(&cfg, sink); err != nil {
		t.Fatal(err)
	}
	e.Moved(proxy.MoveEvent{Reason: proxy.MoveSilent, Trouble: 1500 * time.Microsecond})
	e.Emit()
	b := book{metrics.Default(), sink}
	got := b.read()["test.agent.failover"]
	if len(got) != 1 || got[0].count != 1 || got[0].sum != 1.5 || !maps.Equal(got[0].labels, map[string]string{"reason": "silent", "node_id": "n1"}) {
		t.Errorf("%+v", b.read())
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

func TestTheSetsOfLabelsAreBounded(t *testing.T) {
	answer := func(context.Context, string, string) error { return nil }
	down := func(context.Context, string, string) error { return errors.New("down") }
	for _, row := range []struct {
		name    string
		methods int
		call    func(context.Context, string, string) error
		want    int // methods, "other" among them
	}{
		{"answered", 0, answer, 65},
		{"few", 3, answer, 4},
		{"none", -1, answer, 1},
		{"not answered", 0, down, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, _, e, b := start(t, 1, gometrics.Config{Methods: row.methods}, func(c *proxy.Config) {
				c.Servers, c.Pinger = nil, carrier{row.call}
				for i := range 300 {
					c.Servers = append(c.Servers, fmt.Sprintf("h%03d", i))
				}
			})
			for i := range 200 {
				_ = p.Call(within(t), fmt.Sprintf("Job.M%d", i), nil, nil, proxy.WithClass(proxy.AtMostOnce))
			}
			e.Emit()
			methods, servers := map[string]bool{}, map[string]bool{}
			for _, all := range b.read() {
				for _, one := range all {
					methods[one.labels["method"]] = true
					servers[one.labels["server"]] = true
				}
			}
			delete(methods, "")
			if len(methods) != row.want || !methods["other"] || len(servers) > 130 {
				t.Errorf("%d methods, %d servers", len(methods), len(servers))
			}
		})
	}
}

// leaky is a Discoverer whose name, addresses and error have secrets.
type leaky struct{}

func (leaky) Source() string { return "consul?token=" + password }
func (leaky) Discover(context.Context) ([]string, error) {
	return []string{"http://u:" + password + "@a:1", token + ":4647", "good:4647"}, errors.New("refused: " + token)
}

func TestNoSecretIsShown(t *testing.T) {
	fails := carrier{func(_ context.Context, _, method string) error {
		if method == "Test.Denied" {
			return fmt.Errorf("dialing http://agent:%s@10.0.0.1/v1?token=%s and %s", password, password, token)
		}
		return nil
	}}
	for _, change := range []func(*proxy.Config){
		nil,
		func(c *proxy.Config) { c.Servers, c.Discoverer, c.Pinger = nil, leaky{}, fails },
	} {
		p, c, e, b := start(t, 1, gometrics.Config{}, func(c *proxy.Config) {
			if c.NodeID = token; change != nil {
				change(c)
			}
		})
		c.Server(0).Inject(testutil.AppError("Test.Denied", "Permission denied: token "+token+" of "+identity))
		eventually(t, "there is a server", func() bool { return p.NumServers() > 0 })
		args := map[string]any{"AuthToken": token, "SecretID": identity}
		for _, method := range []string{"Test.Denied", token, "Node." + token, "No.Such" + token, identity, "bad\xff" + token, "line\n" + token, ""} {
			_ = p.Call(within(t), method, args, nil, proxy.WithClass(proxy.AtMostOnce))
		}
		front, err := p.FindServer()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.NotifyFailed(within(t), front, errors.New("secret "+token)); err != nil {
			t.Fatal(err)
		}
		told(t, p)
		e.Emit()
		text := fmt.Sprintf("%+v", b.read())
		for _, secret := range []string{token, token[:9], identity, identity[:20], password} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown:\n%s", secret, text)
			}
		}
		if !strings.Contains(text, "call") {
			t.Error("nothing is shown at all")
		}
	}
}

// Many calls at once, while servers fail and gauges are emitted; run it with the race detector.
func TestManyGoroutinesWhileServersFail(t *testing.T) {
	p, c, e, b := start(t, 3, gometrics.Config{Labels: []metrics.Label{{Name: "node_id", Value: "n1"}}}, nil)
	const calls = 8 * 50
	ctx, cancel := context.WithCancel(context.Background())
	var callers, emitters sync.WaitGroup
	for range 2 {
		emitters.Go(func() { e.Run(ctx, time.Millisecond) })
	}
	for range 8 {
		callers.Go(func() {
			for range calls / 8 {
				if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range c.Servers() {
		c.Kill(i)
		if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
			t.Error(err)
		}
		if err := c.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	callers.Wait()
	cancel()
	emitters.Wait()
	told(t, p)
	e.Emit()
	if n := b.of("call", map[string]string{"method": "Status.Ping", "outcome": "answered", "node_id": "n1"}).count; n != calls+3 {
		t.Errorf("%v samples of %d calls", n, calls+3)
	}
	if dials, want := b.of("dials", nil).sum, p.Snapshot().Counts.Pool.Dials; dials != float64(want) {
		t.Errorf("%v of %d dials were counted", dials, want)
	}
}
