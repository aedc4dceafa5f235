package main

import (
	"context"
	"encoding/json"
	"io"

	"github.com/open-nomad/rpcproxy/testutil"
)

// order is one line that the rig writes to a process. A field that is absent
// orders nothing.
type order struct {
	Picture *testutil.Picture `json:",omitempty"` // a server: believe this
	Reach   *reach            `json:",omitempty"` // a server: call these agents instead of those before

	Rebalance bool  `json:",omitempty"` // an agent: choose another server, by chance
	Write     *bool `json:",omitempty"` // an agent: have every heartbeat change the node's status, or none
}

// reach lists the agents that a server calls once a second, and those whose log it
// follows.
type reach struct{ Call, Follow []string }

// carryOut does what an agent is ordered until ctx ends.
func carryOut(ctx context.Context, orders <-chan order, status *statuses, rebalance func()) {
	for {
		select {
		case o := <-orders:
			if o.Write != nil {
				status.write.Store(*o.Write)
			}
			if o.Rebalance {
				rebalance()
			}
		case <-ctx.Done():
			return
		}
	}
}

// obey reads orders and has each carried out, one after the other, until the rig
// is gone or ctx ends.
func obey(ctx context.Context, from io.Reader, do func(order)) {
	in := json.NewDecoder(from)
	for ctx.Err() == nil {
		var o order
		if in.Decode(&o) != nil {
			return
		}
		do(o)
	}
}
