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
	Hang    *hang             `json:",omitempty"` // a server: hang so until it is restarted
	Reach   *reach            `json:",omitempty"` // a server: call these agents instead of those before

	Rebalance bool  `json:",omitempty"` // an agent, or its sidecar: choose another server, by chance
	Write     *bool `json:",omitempty"` // an agent: have every heartbeat change the node's status, or none
}

// hang is how a server hangs while its connections live: their pings are answered.
type hang struct {
	Calls   bool   // it answers no call
	Streams bool   // it accepts no stream, and ends those it has answered on
	Method  string // it does not answer calls of this method
}

// faults are what is injected for it.
func (h hang) faults() (all []testutil.Fault) {
	if h.Calls {
		all = append(all, testutil.Mute())
	}
	if h.Streams {
		all = append(all, testutil.HoldStreams(), testutil.HalfClose())
	}
	if h.Method != "" {
		all = append(all, testutil.Mute().On(h.Method))
	}
	return all
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
