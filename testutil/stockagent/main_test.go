package stockagent

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// patience is how long a test waits for what must happen, on however slow a machine.
const patience = time.Minute

// soon is a pause that is over at once, in place of those of an operator's agent.
const soon = 5 * time.Millisecond

// often has heartbeats come often; rarely has none come again during a test.
var (
	often  = testutil.ServerConfig{HeartbeatTTLMin: 10 * time.Millisecond, HeartbeatTTLMax: 30 * time.Millisecond}
	rarely = testutil.ServerConfig{HeartbeatTTLMin: time.Hour}
)

func startCluster(t *testing.T, size int, cfg testutil.ServerConfig) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: size, Server: cfg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

// startAgent starts an agent of the cluster that registers, and asks for allocations,
// again soon.
func startAgent(t *testing.T, c *testutil.Cluster, cfg Config) *Agent {
	t.Helper()
	cfg.RegisterRetry, cfg.QueryRetry = soon, soon
	if cfg.Servers == nil {
		cfg.Servers = c.Addrs()
	}
	a, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, s interface{ Stop(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("does not stop: %v", err)
	}
}

// within ends with patience, or with the test.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until waits for what an agent does.
func (a *Agent) until(t *testing.T, what string, cond func(Stats) bool) Stats {
	t.Helper()
	s, err := a.Await(within(t), cond)
	if err != nil {
		t.Fatalf("%s: %v; it did %+v", what, err, s)
	}
	return s
}

// settled waits until the agent has registered, sent a heartbeat and asked for its
// allocations.
func (a *Agent) settled(t *testing.T) Stats {
	t.Helper()
	return a.until(t, "to settle", func(s Stats) bool { return s.Heartbeats > 0 && s.Queries > 0 })
}

// more waits for some further heartbeats.
func (a *Agent) more(t *testing.T, what string) Stats {
	t.Helper()
	had := a.Stats().Heartbeats
	return a.until(t, what, func(s Stats) bool { return s.Heartbeats >= had+3 })
}

// await waits for what is seen by looking.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: it never came to pass", what)
		}
	}
}
