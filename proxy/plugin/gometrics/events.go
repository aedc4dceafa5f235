package gometrics

import (
	"context"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/proxy"
)

// CallEnd measures a call.
func (e *Emitter) CallEnd(_ context.Context, c proxy.CallEnd) {
	key := callLabels{e.methods.Label(c.Method, c.Outcome == proxy.Answered), c.Outcome}
	e.sample("call", c.Duration, e.ofCalls.Of(key, func(key callLabels) []metrics.Label {
		return e.with("method", key.method, "outcome", string(key.outcome))
	}))
	if c.Attempts > 1 {
		e.count("retry", uint64(c.Attempts-1), e.own)
	}
}

// AttemptEnd counts an attempt.
func (e *Emitter) AttemptEnd(_ context.Context, a proxy.AttemptEnd) {
	key := attemptLabels{e.servers.Label(a.Server.Addr, true), a.Phase}
	e.count("attempt", 1, e.ofAttempts.Of(key, func(key attemptLabels) []metrics.Label {
		return e.with("server", key.server, "phase", key.phase.String())
	}))
}

// Moved counts a move, and measures a failover.
func (e *Emitter) Moved(m proxy.MoveEvent) {
	all := e.with("reason", string(m.Reason))
	e.count("move", 1, all)
	if m.Reason.Failover() {
		e.sample("failover", m.Trouble, all)
	}
}

// RoundEnd measures a rebalance round.
func (e *Emitter) RoundEnd(r proxy.RoundEvent) {
	e.sample("round", r.Duration, e.with("result", string(r.Result)))
}

// DiscoveryEnd measures a run of discovery.
func (e *Emitter) DiscoveryEnd(d proxy.DiscoveryEvent) {
	result := proxy.DiscoveryFound
	switch {
	case d.Err != nil:
		result = proxy.DiscoveryFailed
	case len(d.Found) == 0:
		result = proxy.DiscoveryEmpty
	}
	e.sample("discovery", d.Duration, e.with("result", string(result)))
}

// Heartbeat measures what was left of the TTL, but for the agents of Tenants.
func (e *Emitter) Heartbeat(h proxy.HeartbeatEvent) {
	if h.HasMargin && !h.Tenant {
		e.sample("heartbeat.left", h.Margin, e.own)
	}
}

// SessionUp measures a dial.
func (e *Emitter) SessionUp(s proxy.SessionEvent) {
	if !s.Tenant {
		e.sample("session.dial", s.Took, e.with("server", e.servers.Label(s.Server.Addr, true)))
	}
}

// SessionDown counts a connection that ended.
func (e *Emitter) SessionDown(s proxy.SessionEvent) {
	if !s.Tenant {
		e.count("session.down", 1, e.with("server", e.servers.Label(s.Server.Addr, true)))
	}
}
