package main

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestTheNodeRegistersOnceAndThenBeatsBeforeItsTimeIsOver(t *testing.T) {
	var nodes []testutil.NodeRecord
	p := only(act{"beat", func(ctx context.Context, st *stage) error {
		defer func() { nodes = st.cluster.Nodes() }()
		return st.wait(ctx, 10*time.Second)
	}})
	out, errs, status := playDemo(t, p, "--callers", "1")
	expect(t, status, exitOK, out, errs)
	if len(nodes) != 1 {
		t.Fatalf("nodes %+v, want one", nodes)
	}
	if n := nodes[0]; n.ID != nodeID || n.Status != "ready" || n.Registers != 1 || n.Heartbeats < 3 || n.Late > 0 {
		t.Errorf("node %+v, want one registration and heartbeats in time", n)
	}
}
