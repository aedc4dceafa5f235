package demo

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// No time passes here: only how long the heartbeat would pause is looked at.
func TestTheNodeRegistersOnceAndThenSendsHeartbeatsBeforeItsTTLIsOver(t *testing.T) {
	env, err := openEnv(Config{Servers: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	env.tally.next("heartbeat")
	sent := 0
	h := heartbeat{proxy: env.proxy, callers: env.callers, interval: time.Hour, token: nodeSecret}
	h.pause = func(_ context.Context, d time.Duration) bool {
		sent++
		granted := env.Cluster.Nodes()[0].TTL
		if d != granted/2 {
			t.Errorf("after heartbeat %d it pauses for %v; it was granted %v", sent, d, granted)
		}
		if left := time.Until(h.expires); left > granted || len(h.softDeadline()) != 1 {
			t.Errorf("the next heartbeat has %v and %d options; it was granted %v", left, len(h.softDeadline()), granted)
		}
		return sent < 4
	}
	h.run(t.Context())
	nodes := env.Cluster.Nodes()
	if err := env.close(); err != nil {
		t.Error(err)
	}
	if len(nodes) != 1 {
		t.Fatalf("nodes %+v, want one", nodes)
	}
	if n := nodes[0]; n.ID != nodeID || n.Status != "ready" || n.Registers != 1 || n.Heartbeats != 3 {
		t.Errorf("node %+v, want one registration and three heartbeats", n)
	}
}

func TestTheNodeOfADemoSendsHeartbeats(t *testing.T) {
	alive := func(ctx context.Context, env *Env) error {
		ctx, stop := context.WithTimeout(ctx, patience)
		defer stop()
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			if nodes := env.Cluster.Nodes(); len(nodes) == 1 && nodes[0].Heartbeats >= 3 {
				return nil
			}
			<-ticker.C
		}
		return ctx.Err()
	}
	testutil.AwaitNone(t)
	r, err := Run(t.Context(), Scenario{Steps: []Step{{"heartbeats", alive}}, Pace: 0.1}, Config{Servers: 5, Callers: 1}, io.Discard, nil)
	if err != nil || r.Verdict() != nil {
		t.Errorf("%v, %v", err, r.Verdict())
	}
}

func TestTheCredentialsOfADemoAreMutual(t *testing.T) {
	with, err := newCredentials(true)
	if err != nil || with.server == nil || with.client == nil || with.client.KeyPEM == nil {
		t.Errorf("%+v, %v", with, err)
	}
	if without, err := newCredentials(false); err != nil || without != (credentials{}) {
		t.Errorf("%+v, %v", without, err)
	}
}
