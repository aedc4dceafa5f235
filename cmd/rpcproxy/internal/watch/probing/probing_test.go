package probing

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestWhatComesFromOutsideIsMadePrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(string, error) []error { return []error{unanswered{time.Second}} })
}

// limit is how long a test waits for what must come.
const limit = time.Minute

func cluster(t *testing.T) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

// config is for all servers of a cluster.
func config(t *testing.T, c *testutil.Cluster) Config {
	t.Helper()
	cfg := Config{Region: "global", Interval: 20 * time.Millisecond, Timeout: limit, Reason: contain.Text}
	for _, addr := range c.Addrs() {
		s, err := messages.ParseServer(addr)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Servers = append(cfg.Servers, s)
	}
	return cfg
}

// probe runs a Prober, and returns the first event that is wanted when it is called.
func probe(t *testing.T, cfg Config) (until func(what string, wanted func(watch.Event) bool)) {
	t.Helper()
	p, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	events, ended := make(chan watch.Event), make(chan error, 1)
	go func() {
		ended <- p.Run(ctx, func(e watch.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
	return func(what string, wanted func(watch.Event) bool) {
		t.Helper()
		limited := time.NewTimer(limit)
		defer limited.Stop()
		for {
			select {
			case e := <-events:
				if wanted(e) {
					return
				}
			case <-limited.C:
				t.Fatalf("it does not come: %s", what)
			}
		}
	}
}

// report waits for a state.
func report(wanted func(proxy.Snapshot) bool) func(watch.Event) bool {
	return func(e watch.Event) bool {
		r, ok := e.(watch.Reported)
		return ok && wanted(r.Snapshot)
	}
}

// health is that of a server in a state.
func health(s proxy.Snapshot, addr string) string {
	for _, server := range s.Servers {
		if server.Addr == addr {
			return server.Health
		}
	}
	return ""
}

func TestServersTellTheirLeaderAndWhatTheyRun(t *testing.T) {
	c := cluster(t)
	leader, err := c.AwaitLeader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until := probe(t, config(t, c))
	known := map[string]bool{}
	until("all servers", func(e watch.Event) bool {
		p, ok := e.(watch.Probed)
		if ok && p.Failed != "" {
			t.Errorf("%+v", p)
		}
		if ok && p.RTT > 0 && p.Leader == leader && p.Version == "2.0.6" {
			known[p.Addr] = true
		}
		return len(known) == 3
	})
	until("one in front of three that are alive", report(func(s proxy.Snapshot) bool {
		alive := 0
		for _, server := range s.Servers {
			if server.Health == "alive" {
				alive++
			}
		}
		return s.Active != "" && alive == 3
	}))
}

func TestAServerIsAskedOnceForEachProbe(t *testing.T) {
	c := cluster(t)
	cfg := config(t, c)
	cfg.Servers = cfg.Servers[:1]
	const probes = 30
	n, begun := 0, time.Now()
	var took time.Duration
	probe(t, cfg)("some probes", func(e watch.Event) bool {
		if _, ok := e.(watch.Probed); ok {
			n++
		}
		took = time.Since(begun)
		return n == probes
	})
	counts := c.Server(0).Counts()
	if pings := counts.Methods["Status.Ping"]; pings < probes+1 || pings > probes+3 { // one to connect, one or two under way; and the proxy's round
		t.Errorf("%d pings for %d probes", pings, probes)
	}
	if most := int64(took/(leaderEvery-leaderEvery/5)) + 2; counts.Methods["Status.Leader"] > most {
		t.Errorf("%d questions for the leader in %v", counts.Methods["Status.Leader"], took)
	}
	if most := int64(took/versionEvery) + 1; counts.Methods["Status.Members"] > most {
		t.Errorf("%d questions for the members in %v", counts.Methods["Status.Members"], took)
	}
	if least := (probes - 1) * cfg.Interval * 9 / 10; took < least {
		t.Errorf("%d probes in %v", probes, took)
	}
}

// number is a server's in the cluster.
func number(t *testing.T, c *testutil.Cluster, addr string) int {
	t.Helper()
	for i, s := range c.Servers() {
		if s.Addr() == addr {
			return i
		}
	}
	t.Fatalf("%s is none of the cluster", addr)
	return 0
}

func TestAServerThatDiesIsLeftAndTakenBack(t *testing.T) {
	c := cluster(t)
	until := probe(t, config(t, c))
	front := ""
	until("one in front", report(func(s proxy.Snapshot) bool {
		front = s.Active
		return health(s, front) == "alive"
	}))
	i := number(t, c, front)
	c.Kill(i)
	until("a move", report(func(s proxy.Snapshot) bool {
		for _, m := range s.Moves {
			if m.From == front && m.Reason.Failover() {
				return health(s, front) == "failed"
			}
		}
		return false
	}))
	if err := c.Restart(i); err != nil {
		t.Fatal(err)
	}
	until("it is back", report(func(s proxy.Snapshot) bool { return health(s, front) == "alive" }))
}

func TestAServerThatHangsIsSilent(t *testing.T) {
	c := cluster(t)
	cfg := config(t, c)
	cfg.Timeout = 500 * time.Millisecond
	until := probe(t, cfg)
	front := ""
	until("one in front", report(func(s proxy.Snapshot) bool {
		front = s.Active
		return health(s, front) == "alive"
	}))
	c.ServerAt(front).Freeze()
	until("no answer", func(e watch.Event) bool {
		p, ok := e.(watch.Probed)
		return ok && p.Addr == front && strings.Contains(p.Failed, "no answer within 500ms")
	})
	until("a move", report(func(s proxy.Snapshot) bool {
		for _, m := range s.Moves {
			if m.From == front && m.Reason == proxy.MoveSilent {
				return true
			}
		}
		return false
	}))
}

func TestAServerWithoutALeaderIsNotInFront(t *testing.T) {
	c := cluster(t)
	until := probe(t, config(t, c))
	front := ""
	until("one in front", report(func(s proxy.Snapshot) bool {
		front = s.Active
		return health(s, front) == "alive"
	}))
	s := c.ServerAt(front)
	s.Inject(testutil.NoLeader())
	until("it says that it knows none", func(e watch.Event) bool {
		p, ok := e.(watch.Probed)
		return ok && p.Addr == front && p.Asked && p.Leader == "" && p.Failed == ""
	})
	until("another one is in front", report(func(s proxy.Snapshot) bool {
		return s.Active != front && health(s, front) == "leaderless"
	}))
	s.Heal()
	until("it is alive again", report(func(s proxy.Snapshot) bool { return health(s, front) == "alive" }))
}

func TestAPanicEndsRunAndReleasesEverything(t *testing.T) {
	p, err := Start(config(t, cluster(t)))
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(t.Context(), func(watch.Event) { panic("planted") })
	if _, ok := errors.AsType[*contain.Panic](err); !ok || !strings.Contains(err.Error(), "planted") {
		t.Errorf("%v", err)
	}
}
