package proxy

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// tally counts what a Proxy and its Tenants do. Calls count in their goroutines, all else is
// the owner's; any goroutine may read.
type tally struct {
	calls   [len(callOutcomes)]atomic.Uint64
	retries atomic.Uint64

	moves       [len(moveReasons)]atomic.Uint64
	lastMoves   atomic.Pointer[[]MoveStatus] // oldest first
	rounds      [len(roundResults)]atomic.Uint64
	discoveries atomic.Pointer[[]DiscoveryCount]
	heartbeat   lastHeartbeat
	unserved    atomic.Pointer[unservedTime]
}

var callOutcomes = [...]CallOutcome{Answered, Rejected, NotSent, MaybeExecuted}

// callEnded counts a call that was given to a server so often.
func (t *tally) callEnded(how CallOutcome, tries int) {
	t.calls[slices.Index(callOutcomes[:], how)].Add(1)
	if tries > 1 {
		t.retries.Add(uint64(tries - 1))
	}
}

// mostMoves is how many of the last moves are kept.
const mostMoves = 32

// moved counts a move, and keeps it. The list is replaced, never changed.
func (t *tally) moved(e *MoveEvent) {
	t.moves[slices.Index(moveReasons[:], e.Reason)].Add(1)
	var last []MoveStatus
	if list := t.lastMoves.Load(); list != nil {
		last = *list
	}
	next := append(slices.Clone(last[max(0, len(last)-mostMoves+1):]), MoveStatus{
		At: e.At, From: e.From.Addr, To: e.To.Addr, Reason: e.Reason, Epoch: e.Epoch, Trouble: Seconds(e.Trouble),
	})
	t.lastMoves.Store(&next)
}

func (t *tally) roundEnded(how RoundResult) { t.rounds[slices.Index(roundResults[:], how)].Add(1) }

// mostSources bounds how many sources of addresses are told apart.
const mostSources = 16

// discoveryEnded counts a run for a source. The list is replaced, never changed.
func (t *tally) discoveryEnded(source messages.Source, how DiscoveryResult) {
	var counts []DiscoveryCount
	if last := t.discoveries.Load(); last != nil {
		counts = slices.Clone(*last)
	}
	i := slices.IndexFunc(counts, func(c DiscoveryCount) bool { return c.Source == source && c.Result == how })
	if i < 0 {
		if len(counts) >= mostSources*len(discoveryResults) {
			return
		}
		i = len(counts)
		counts = append(counts, DiscoveryCount{Source: source, Result: how})
	}
	counts[i].Count++
	t.discoveries.Store(&counts)
}

// lastHeartbeat is the last one that was answered. The owner writes; what is read meanwhile may
// be of two of them.
type lastHeartbeat struct {
	at, ttl, margin   atomic.Int64 // nanoseconds, at since the proxy began; at is 0: there was none
	hasMargin, tenant atomic.Bool
	server            atomic.Pointer[messages.Server]
}

func (h *lastHeartbeat) note(e *HeartbeatEvent, at time.Duration) {
	h.ttl.Store(int64(e.TTL))
	h.margin.Store(int64(e.Margin))
	h.hasMargin.Store(e.HasMargin)
	h.tenant.Store(e.Tenant)
	if last := h.server.Load(); last == nil || *last != e.Server {
		h.server.Store(new(e.Server))
	}
	h.at.Store(max(int64(at), 1))
}

// unservedTime is for how long no server was known to serve the agent.
type unservedTime struct {
	total time.Duration // of the times that are over
	since time.Time     // zero: one serves
}

// at is the whole time until now.
func (u *unservedTime) at(now time.Time) time.Duration {
	switch {
	case u == nil:
		return 0
	case u.since.IsZero():
		return u.total
	}
	return u.total + now.Sub(u.since)
}

// served notes whether a server is known that serves the agent, or that may.
func (t *tally) served(now time.Time, served bool) {
	u := t.unserved.Load()
	if u == nil {
		u = new(unservedTime)
	}
	if served != u.since.IsZero() {
		next := unservedTime{total: u.at(now)}
		if !served {
			next.since = now
		}
		t.unserved.Store(&next)
	}
}
