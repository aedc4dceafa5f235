//go:build linux

package main

import (
	"context"
	"time"
)

// fault is something that happens to a server, to the cluster, or to the sidecars.
type fault struct {
	name     string
	onLeader bool
	behind   bool          // it concerns the agents of the other servers, one of whose heartbeats is due
	silent   bool          // nothing but the lack of an answer tells of it
	hung     bool          // connections to it live on, so that a client without a deadline waits until it is restarted
	lasts    time.Duration // at least
	limit    limit
	run      func(*rig, context.Context, fault, *harvest) error // once
	inject   func(*rig, *server, []*client) error               // of what one server suffers, which is what try runs
	heal     func(*rig, *server, []*client) error
	fail     func(*client)             // of what a sidecar suffers
	revive   func(*rig, *client) error // ends that
}

// least is how long the fault lasts at least: a silent one long enough for a
// second heartbeat of every agent.
func (f fault) least(opt *options) time.Duration {
	if f.silent {
		return max(f.lasts, 2*opt.ttlMax)
	}
	return f.lasts
}
