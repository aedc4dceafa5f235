package proxy

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// snapshot is the state that the owner has published. It is immutable, except unconfirmed,
// which calls change.
type snapshot struct {
	view         *messages.View
	active       messages.Server
	hasActive    bool
	activeReason string        // why active is the active server
	front        *front        // the active server, or the last one there was
	fault        error         // why the owner ended, unless Stop ended it; there is no active server then
	unconfirmed  atomic.Bool   // the owner does not know yet whether the active server answers
	changed      chan struct{} // closed when a newer snapshot is published
	hopeful      bool          // a server is unknown or alive
	hope         chan struct{} // closed when hopeful becomes true again after it was false
}

// front is a server for as long as it is the active one. Blocking reads move with it: the
// former server would hold them for minutes, while the new one does not know that the
// agent is reached through it.
type front struct {
	server messages.Server
	since  time.Time
	left   chan struct{} // closed when another server is active
}

// after returns the active server of a newer snapshot. While there is no active server the last
// front stays: its server may still answer the calls it holds.
func (f *front) after(active messages.Server, hasActive bool) *front {
	if f == nil || hasActive && active.Addr != f.server.Addr {
		return &front{server: active, since: time.Now(), left: make(chan struct{})}
	}
	return f
}

// board is where the owner publishes snapshots.
type board struct {
	snap   *atomic.Pointer[snapshot] // Proxy.snap: FindServer must reach it in one step
	began  time.Time                 // when the proxy began
	warned atomic.Int64              // until when ErrNoServers is not logged, in nanoseconds since then; math.MaxInt64: until a server is known
}

// publish makes a view the newest snapshot and wakes the goroutines that wait for a
// change. fault is why the owner ends, nil if it does not.
func (b *board) publish(e roster.Publish, fault error) {
	next := &snapshot{view: e.View, activeReason: e.ActiveReason, fault: fault, changed: make(chan struct{})}
	if next.active, next.hasActive = e.View.Active(); next.hasActive {
		b.warned.CompareAndSwap(math.MaxInt64, 0)
	}
	next.unconfirmed.Store(unproven(e.View.Health(next.active)))
	last := b.snap.Load()
	if last == nil {
		last = new(snapshot)
	}
	next.front = last.front.after(next.active, next.hasActive)
	next.hopeful, next.hope = attempt.Hopeful(e.View), last.hope
	found := next.hopeful && !last.hopeful
	if found || last.hope == nil {
		next.hope = make(chan struct{})
	}
	b.snap.Store(next)
	if found && last.hope != nil {
		close(last.hope)
	}
	if last.changed != nil {
		close(last.changed)
	}
	if last.front != nil && last.front != next.front {
		close(last.front.left)
	}
}

// unproven reports whether an answer of a server with this health tells the owner anything
// new. An answer does not tell that the server knows a leader.
func unproven(h messages.Health) bool { return h == messages.Unknown || h == messages.Failed }
