package proxy

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/latency"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// notes is what the owner counts and tells observers.
type notes struct {
	tally     *tally
	observers *observers // nil: there are none
	due       time.Time  // when the TTL of the agent's own last heartbeat ends; zero: it had none
	source    messages.Source
	times     *latency.Table // of the embedder's Pinger; nil: the pool has its own
	began     time.Time      // when the proxy did

	trouble struct{ began, last time.Time } // its first sign, and the last one; zero: there is none
	round   struct {
		number uint64
		began  time.Time
		probed int
	}
	discovery time.Time // since when the Discoverer runs
}

// troubleGap is without how long a sign of trouble the next one is of another trouble.
const troubleGap = 2 * time.Minute

// sign notes a sign of trouble with the active server.
func (n *notes) sign(now time.Time) {
	if t := &n.trouble; t.last.IsZero() || now.Sub(t.last) > troubleGap {
		t.began = now
	}
	n.trouble.last = now
}

// taken notes a message that the owner is about to take; active is the active server.
func (n *notes) taken(now time.Time, m messages.Message, active string) {
	switch m := m.(type) { //nolint:gochecksumtype // the others tell nothing yet
	case messages.Suspected:
		if m.Addr == active {
			n.sign(now)
		}
	case messages.FailureNotice:
		if m.Server.Addr == active {
			n.sign(now)
		}
	case messages.ProbeDone:
		if n.times != nil && m.Err == nil {
			n.times.Track(m.Server.Addr, now.Sub(n.began))
			n.times.Note(m.Server.Addr, now.Sub(n.began), m.RTT)
		}
	case messages.HeartbeatUpdate:
		n.heartbeat(now, m, active)
	case messages.DiscoveryDone:
		n.discovered(now, m)
	}
}

// heartbeat notes the answer to a heartbeat.
func (n *notes) heartbeat(now time.Time, m messages.HeartbeatUpdate, active string) {
	server := m.From
	if server.Addr == "" {
		server.Addr = active
	}
	e := HeartbeatEvent{
		At: now, Tenant: m.Tenant, Server: server, TTL: m.TTL, Servers: len(m.Servers), NumNodes: m.NumNodes, Leader: m.LeaderRPCAddr,
	}
	due := m.Due
	if due.IsZero() && !m.Tenant {
		due = n.due
	}
	if e.HasMargin = !due.IsZero(); e.HasMargin {
		e.Margin = due.Sub(now)
	}
	if n.due = (time.Time{}); m.TTL > 0 && !m.Tenant {
		n.due = now.Add(m.TTL)
	}
	n.tally.heartbeat.note(&e, now.Sub(n.began))
	n.observers.heartbeat(e)
}

// discovered notes the end of a run of the Discoverer.
func (n *notes) discovered(now time.Time, m messages.DiscoveryDone) {
	var sources []messages.Source
	for _, f := range m.Found {
		if !slices.Contains(sources, f.Source) {
			sources = append(sources, f.Source)
		}
	}
	for _, s := range sources {
		n.tally.discoveryEnded(s, DiscoveryFound)
	}
	switch {
	case m.Err != nil:
		n.tally.discoveryEnded(n.source, DiscoveryFailed)
	case len(sources) == 0:
		n.tally.discoveryEnded(n.source, DiscoveryEmpty)
	}
	e := DiscoveryEvent{At: now, Run: m.Run, Found: slices.Clone(m.Found), Err: m.Err}
	if !n.discovery.IsZero() {
		e.Duration = now.Sub(n.discovery)
	}
	n.discovery = time.Time{}
	n.observers.discoveryEnded(e)
}

// probed notes a probe.
func (n *notes) probed(now time.Time, e roster.Probe) {
	if n.round.number != e.Round {
		n.round.number, n.round.began, n.round.probed = e.Round, now, 0
	}
	n.round.probed++
}

// discovering notes that the Discoverer is wanted.
func (n *notes) discovering(now time.Time) {
	if n.discovery.IsZero() {
		n.discovery = now
	}
}

// logged notes what a line of the roster's tells.
func (n *notes) logged(now time.Time, e roster.Log, active messages.Server) {
	var how RoundResult
	switch e.Event {
	case roster.EpisodeEnded:
		n.trouble.began, n.trouble.last = time.Time{}, time.Time{}
		return
	case roster.RoundAdopted:
		how = RoundAdopted
	case roster.RoundFrozen:
		how = RoundFrozen
	case roster.RoundUnanswered:
		how = RoundUnanswered
	default:
		return
	}
	n.tally.roundEnded(how)
	end := RoundEvent{At: now, Number: e.Fields.Round, Result: how, Active: active}
	if n.round.number == end.Number {
		end.Probed, end.Duration = n.round.probed, now.Sub(n.round.began)
	}
	n.observers.roundEnded(end)
}

// publishing notes a view, before calls see it: who finds the view finds the move in the tally
// too. It returns the move; nil: the active server stays.
func (n *notes) publishing(now time.Time, m messages.Message, before *snapshot, e roster.Publish) *MoveEvent {
	active, hasActive := e.View.Active()
	health := e.View.Health(active)
	n.tally.served(now, hasActive && (health == messages.Alive || health == messages.Unknown))
	if before == nil || active.Addr == before.active.Addr {
		return nil
	}
	move := &MoveEvent{At: now, From: before.active, To: active, Epoch: e.View.Epoch()}
	move.Reason, move.Err = moveReason(m, before.active, e.View)
	if move.Reason.Failover() {
		n.sign(now)
		move.Trouble = now.Sub(n.trouble.began)
	}
	n.tally.moved(move)
	return move
}

// published tells observers of a move whose view calls can see.
func (n *notes) published(move *MoveEvent) {
	if move != nil {
		n.observers.moved(*move)
	}
}

// moveReason is why from is not the active server any more after a message, and the error if
// it has failed.
func moveReason(m messages.Message, from messages.Server, now *messages.View) (MoveReason, error) {
	useless := now.Health(from) == messages.Failed || now.Health(from) == messages.Leaderless
	switch m := m.(type) {
	case messages.FailureNotice:
		switch {
		case m.NoQuorum:
			return MoveNoLeader, m.Err
		case m.Partial:
			return MoveNotServing, m.Err
		}
		return reasonOf(m.Err), m.Err
	case messages.ProbeDone:
		if useless && m.Server.Addr == from.Addr && m.Err != nil {
			return reasonOf(m.Err), m.Err
		}
		return MoveRebalance, nil
	case messages.HeartbeatUpdate:
		if useless && m.LeaderRPCAddr == "" {
			return MoveNoLeader, nil
		}
		return MoveHeartbeat, nil
	case messages.Recovered, messages.Reconnected:
		return MoveRecovered, nil
	case messages.DiscoveryDone:
		return MoveDiscovery, nil
	case messages.SetServers, messages.SetBackups, messages.AddPrimary, messages.AddBackup, messages.RemoveServer:
		return MoveManual, nil
	case messages.RebalanceTick, nil:
		return MoveRebalance, nil
	case messages.Suspected:
		return MoveOther, nil // it moves nothing yet
	}
	return MoveOther, nil
}

// reasonOf is why a server is left that has failed with err, which is frozen or nil.
func reasonOf(err error) MoveReason {
	if f, ok := err.(*frozenError); ok { //nolint:errorlint // the very value
		return f.reason
	}
	return MoveFailed
}
