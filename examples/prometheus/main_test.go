package main

import (
	"bufio"
	"context"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// scraped has the labels of each series' name.
type scraped map[string]map[string]bool

var (
	sample  = regexp.MustCompile(`^([a-z0-9_]+)(?:\{(.*)\})? \S+$`)
	label   = regexp.MustCompile(`([a-z_]+)="`)
	used    = regexp.MustCompile(`\b(rpcproxy_[a-z0-9_]+)(?:\{([^}]*)\})?`)
	matcher = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
)

func scrape(ctx context.Context, url string) (scraped, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	all := scraped{}
	for scan := bufio.NewScanner(answer.Body); scan.Scan(); {
		m := sample.FindStringSubmatch(scan.Text())
		if m == nil {
			continue
		}
		if all[m[1]] == nil {
			all[m[1]] = map[string]bool{"instance": true, "job": true} // Prometheus adds these
		}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			all[m[1]][l[1]] = true
		}
	}
	return all, nil
}

// lacks are the names, and the labels in braces, that an expression has and a scrape has not.
func (s scraped) lacks(expressions []string) []string {
	missing := map[string]bool{}
	for _, e := range expressions {
		for _, m := range used.FindAllStringSubmatch(e, -1) {
			if s[m[1]] == nil {
				missing[m[1]] = true
				continue
			}
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				if !s[m[1]][l[1]] {
					missing[m[1]+"{"+l[1]+"}"] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(missing))
}

// An agent runs, its server fails, and then each name that the dashboard and the rules use is in what it serves.
func TestEachNameIsServedByARunningAgent(t *testing.T) {
	testutil.VerifyNone(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(context.Background())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, cluster.Addrs(), ln) }()
	defer func() {
		interrupt()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	expressions := append(dashboard(t).expressions(), rules(t)...)
	if len(expressions) < 30 {
		t.Errorf("%d expressions", len(expressions))
	}
	limit, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := "http://" + ln.Addr().String() + "/metrics"
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	var missing []string
	for killed := false; ; {
		got, err := scrape(limit, url)
		if err != nil {
			t.Fatalf("%v; not served so far: %s", err, strings.Join(missing, " "))
		}
		missing = got.lacks(expressions)
		if len(missing) == 0 && killed {
			if odd := got.lacks([]string{`rpcproxy_calls_total{outcum="x"}`, "rpcproxy_no_such_thing"}); len(odd) != 2 {
				t.Errorf("what is not served is not missed: %q", odd)
			}
			return
		}
		if !killed && got["rpcproxy_sessions"] != nil && got["rpcproxy_cluster_nodes"] != nil {
			killed = true
			for i := range cluster.Servers() { // whichever is in front
				cluster.Kill(i)
			}
			for i := range cluster.Servers() {
				if err := cluster.Restart(i); err != nil {
					t.Fatal(err)
				}
			}
		}
		select {
		case <-again.C:
		case <-limit.Done():
			t.Fatalf("not served: %s", strings.Join(missing, " "))
		}
	}
}
