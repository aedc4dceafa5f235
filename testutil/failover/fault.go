//go:build linux

package main

import (
	"context"
	"time"
)

// fault is something that happens to a server, or to the cluster.
type fault struct {
	name     string
	onLeader bool
	behind   bool          // it concerns the agents of the other servers, one of whose heartbeats is due
	silent   bool          // nothing but the lack of an answer tells of it
	hung     bool          // connections to it live on, so that who has no deadline waits until it is restarted
	lasts    time.Duration // at least
	limit    limit
	run      func(*rig, context.Context, fault, *harvest) error // once
	strike   func(*rig, *server, []*client) error               // of what one server suffers, which is what try runs
	heal     func(*rig, *server, []*client) error
}

// least is how long the fault lasts at least: a silent one long enough for a
// second heartbeat of every agent.
func (f fault) least(opt *options) time.Duration {
	if f.silent {
		return max(f.lasts, 2*opt.ttlMax)
	}
	return f.lasts
}
