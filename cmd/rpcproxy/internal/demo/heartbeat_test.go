package main

import (
	"context"
	"testing"
	"time"
)

// No time passes here: what is looked at is for how long the heartbeat would rest.
func TestTheNodeRegistersOnceAndThenBeatsBeforeItsTimeIsOver(t *testing.T) {
	st, err := openStage(setting{servers: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	st.books.turn("beat")
	beats := 0
	b := beat{proxy: st.proxy, callers: st.callers, every: time.Hour, token: nodeSecret}
	b.rest = func(_ context.Context, d time.Duration) bool {
		beats++
		granted := st.cluster.Nodes()[0].TTL
		if d != granted/2 {
			t.Errorf("after heartbeat %d it rests for %v; it was granted %v", beats, d, granted)
		}
		if left := time.Until(b.until); left > granted || len(b.budget()) != 1 {
			t.Errorf("the next heartbeat has %v and %d options; it was granted %v", left, len(b.budget()), granted)
		}
		return beats < 4
	}
	b.run(t.Context())
	nodes := st.cluster.Nodes()
	if err := st.strike(); err != nil {
		t.Error(err)
	}
	if len(nodes) != 1 {
		t.Fatalf("nodes %+v, want one", nodes)
	}
	if n := nodes[0]; n.ID != nodeID || n.Status != "ready" || n.Registers != 1 || n.Heartbeats != 3 {
		t.Errorf("node %+v, want one registration and three heartbeats", n)
	}
}

func TestTheNodeOfAPlayBeats(t *testing.T) {
	beaten := func(ctx context.Context, st *stage) error {
		ctx, stop := context.WithTimeout(ctx, limit)
		defer stop()
		look := time.NewTicker(time.Millisecond)
		defer look.Stop()
		for ctx.Err() == nil {
			if nodes := st.cluster.Nodes(); len(nodes) == 1 && nodes[0].Heartbeats >= 3 {
				return nil
			}
			<-look.C
		}
		return ctx.Err()
	}
	out, errs, status := playDemo(t, only(act{"beat", beaten}), "--callers", "1")
	expect(t, status, exitOK, out, errs)
}
