package prom_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/prom"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const (
	limit = 30 * time.Second
	token = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"
)

// start runs a cluster and a proxy with a collector until the test ends.
func start(t testing.TB, cfg prom.Config, size int, change func(*proxy.Config)) (*proxy.Proxy, *testutil.Cluster, string) {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, c.Stop)
	metrics := prom.New(cfg)
	pc := proxy.Config{Servers: c.Addrs(), Observers: []proxy.Observer{metrics}, Rebalance: proxy.Timing{Spread: time.Hour}}
	if change != nil {
		change(&pc)
	}
	p, err := proxy.Start(pc)
	if err != nil {
		t.Fatal(err)
	}
	stops(t, p.Stop)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics)
	web := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(func() { http.DefaultClient.CloseIdleConnections(); web.Close() })
	return p, c, web.URL
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

// scrape is what Prometheus gets, in the format that accept asks for.
func scrape(t testing.TB, url, accept string) (body []byte, header http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v: %s", response.Status, err, body)
	}
	return body, response.Header
}

func text(t testing.TB, url string) string {
	t.Helper()
	body, _ := scrape(t, url, "text/plain")
	return string(body)
}

// trouble makes calls, a failover, a heartbeat and a round, with secrets in what the agent gives.
func trouble(t testing.TB, p *proxy.Proxy) {
	t.Helper()
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	_ = p.Call(within(t), "No.Such"+token, map[string]any{"AuthToken": token}, nil)
	conn, err := p.Stream(within(t), "Echo.Stream")
	if err == nil {
		defer func() { _ = conn.Close() }()
	}
	u := messages.HeartbeatUpdate{NumNodes: 5, LeaderRPCAddr: front.Addr, TTL: time.Hour}
	for _, addr := range p.ServerRPCAddrs() {
		u.Servers = append(u.Servers, messages.ServerInfo{RPCAdvertiseAddr: addr})
	}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(within(t), front, errors.New("secret "+token)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Rebalance(within(t)); err != nil {
		t.Fatal(err)
	}
}

func TestAScrapeHasTheMetrics(t *testing.T) {
	p, _, url := start(t, prom.Config{ConstLabels: prometheus.Labels{"agent": "a"}}, 2, nil)
	if got := text(t, url); !strings.Contains(got, `rpcproxy_retry_tokens{agent="a"} 1000`) {
		t.Errorf("before any call:\n%s", got)
	}
	trouble(t, p)
	got := text(t, url)
	for _, want := range []string{
		`rpcproxy_call_seconds_bucket{agent="a",method="Status.Ping",outcome="answered",le="+Inf"} 3`,
		`rpcproxy_call_seconds_count{agent="a",method="other",outcome="rejected"} 1`,
		`rpcproxy_attempts_total{agent="a",phase="decode",server="127.0.0.1:`,
		`rpcproxy_failovers_total{agent="a",reason="failed"} 1`,
		`rpcproxy_moves_total{agent="a",reason="failed"} 1`,
		`rpcproxy_server_rtt_seconds{agent="a",server="127.0.0.1:`,
		`rpcproxy_server_rtt_p99_seconds{agent="a",server="127.0.0.1:`,
		`rpcproxy_heartbeat_margin_seconds{agent="a"} 35`,
		`rpcproxy_heartbeat_ttl_seconds{agent="a"} 3600`,
		`rpcproxy_retry_tokens{agent="a"} `,
		`rpcproxy_unserved_seconds_total{agent="a"} 0`,
		`rpcproxy_sessions{agent="a",server="127.0.0.1:`,
		`rpcproxy_streams{agent="a",direction="out",server="127.0.0.1:`,
		`rpcproxy_streams{agent="a",direction="in",server="127.0.0.1:`,
		`rpcproxy_rounds_total{agent="a",result="adopted"} 1`,
		`rpcproxy_calls_total{agent="a",outcome="answered"} `,
		`rpcproxy_build_info{agent="a",goversion="go1.`,
		`rpcproxy_cluster_nodes{agent="a"} 5`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestAScrapeIsAsTheConventionsWantIt(t *testing.T) {
	p, _, url := start(t, prom.Config{}, 2, nil)
	trouble(t, p)
	problems, err := promlint.New(strings.NewReader(text(t, url))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range problems {
		t.Errorf("%s: %s", bad.Metric, bad.Text)
	}
}

func TestHistogramsAreNativeForWhoAsksForThem(t *testing.T) {
	p, _, url := start(t, prom.Config{}, 2, nil)
	trouble(t, p)
	body, header := scrape(t, url, string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	decoder := expfmt.NewDecoder(strings.NewReader(string(body)), expfmt.ResponseFormat(header))
	native, classic := 0, 0
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, m := range family.GetMetric() {
			if h := m.GetHistogram(); h != nil {
				native += len(h.GetPositiveSpan())
				classic += len(h.GetBucket())
			}
		}
	}
	if native == 0 || classic == 0 {
		t.Errorf("%d spans of native buckets, %d classic buckets", native, classic)
	}
}

func TestTheSetsOfLabelsAreBounded(t *testing.T) {
	answer := func(context.Context, string) error { return nil }
	down := func(context.Context, string) error { return errors.New("down") }
	for _, row := range []struct {
		name    string
		methods int
		call    func(context.Context, string) error
		want    int // methods with labels, "other" among them
	}{
		{"answered", 0, answer, 65},
		{"few", 3, answer, 4},
		{"none", -1, answer, 1},
		{"not answered", 0, down, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, _, url := start(t, prom.Config{Methods: row.methods}, 1, func(c *proxy.Config) {
				c.Servers = nil
				for i := range 300 {
					c.Servers = append(c.Servers, fmt.Sprintf("h%03d", i))
				}
				c.Pinger = carrier{row.call}
			})
			for i := range 200 {
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				_ = p.Call(ctx, fmt.Sprintf("Job.M%d", i), nil, nil)
				cancel()
			}
			seen, servers := map[string]bool{}, map[string]bool{}
			for line := range strings.Lines(text(t, url)) {
				if label := part(line, `method="`); label != "" {
					seen[label] = true
				}
				if label := part(line, `server="`); label != "" {
					servers[label] = true
				}
			}
			if len(seen) != row.want || !seen["other"] || len(servers) > 129 {
				t.Errorf("%d methods, %d servers", len(seen), len(servers))
			}
		})
	}
}

// carrier is an embedder's pool.
type carrier struct {
	call func(ctx context.Context, method string) error
}

func (carrier) Ping(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }
func (c carrier) Call(ctx context.Context, _, method string, _, _ any) error {
	return c.call(ctx, method)
}

// part is what stands between mark and the next quote.
func part(line, mark string) string {
	_, after, found := strings.Cut(line, mark)
	label, _, _ := strings.Cut(after, `"`)
	if !found {
		return ""
	}
	return label
}

// finder is a Discoverer with a name that is a secret, and an error that has one.
type finder struct{}

func (finder) Source() string { return "consul token=" + token }
func (finder) Discover(context.Context) ([]string, error) {
	return nil, errors.New("refused: token=" + token)
}

func TestNoSecretIsShown(t *testing.T) {
	p, _, url := start(t, prom.Config{}, 1, func(c *proxy.Config) { c.Servers, c.Discoverer = nil, finder{} })
	for late := time.Now().Add(limit); len(p.Snapshot().Counts.Discoveries) == 0; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("no discovery has ended")
		}
	}
	if got := text(t, url); strings.Contains(got, "token=") || !strings.Contains(got, `rpcproxy_discoveries_total{result="failed",source="other"} `) {
		t.Errorf("a discovery is shown as\n%s", got)
	}
	p, _, url = start(t, prom.Config{}, 2, func(c *proxy.Config) { c.NodeID = token })
	trouble(t, p)
	for _, method := range []string{token, "Node." + token, "bad\xff\xfe", "line\nbreak", strings.Repeat("x", 1000), ""} {
		_ = p.Call(within(t), method, map[string]any{"SecretID": token}, nil)
	}
	if got := text(t, url); strings.Contains(got, token) {
		t.Errorf("the token is shown:\n%s", got)
	}
}
