package proxy

import (
	"context"
)

// Observer is told what a Proxy does, for metrics, traces and the like. It is a value that has
// the methods of at least one of [CallObserver], [AttemptObserver], [MoveObserver],
// [RoundObserver], [DiscoveryObserver], [HeartbeatObserver], [SessionObserver] and
// [StartObserver]. Start looks once which ones, and refuses a value that has none; what no Observer
// wants costs nothing. It is an any so that what can be observed may grow, and one value may
// observe some of it.
//
// CallObserver and AttemptObserver are called in the goroutine that makes the call, which waits
// for them: they must be quick, and safe for use by many goroutines. All others are called in
// one goroutine, one after the other and in the order of what happened, for which neither calls
// nor the proxy wait. While they do not keep up, up to 256 events wait; more are dropped, and
// counted (pool.Stats.LostEvents). Proxy.Stop waits until they were told what happened before, but no
// longer than 5 s.
//
// What is passed may be kept, and must not be changed. Texts from outside in it are as they came, but
// for those of errors. A panic of an Observer is contained, counted, and logged
// once. An Observer may call the methods of the Proxy, but for Stop.
type Observer any

// CallObserver is told of each Call and Stream of the Proxy and its Tenants, also of those that fail
// before any server is chosen.
type CallObserver interface {
	// CallStart is called first. The call goes on with the context that it returns, which is
	// derived from ctx, and CallEnd gets that one; with ctx if it returns nil.
	CallStart(ctx context.Context, c CallInfo) context.Context

	// CallEnd is called before the caller gets the result, also where code of the agent's
	// panicked. Of a Stream it is the opening that has ended.
	CallEnd(ctx context.Context, e CallEnd)
}

// AttemptObserver is told of each attempt of a call, when it ends. ctx is that of the call, or one
// derived from it. A hedged call has attempts at the same time, and those of the hedge are made in
// a goroutine of its own.
type AttemptObserver interface {
	AttemptEnd(ctx context.Context, e AttemptEnd)
}

// MoveObserver is told when another server has become the active one.
type MoveObserver interface {
	Moved(e MoveEvent)
}

// RoundObserver is told when a rebalance round has ended.
type RoundObserver interface {
	RoundEnd(e RoundEvent)
}

// DiscoveryObserver is told when a run of the Discoverer has ended.
type DiscoveryObserver interface {
	DiscoveryEnd(e DiscoveryEvent)
}

// HeartbeatObserver is told of each HeartbeatUpdate that the Proxy gets, that is, of heartbeats that
// were answered. One that fails is a call like any other.
type HeartbeatObserver interface {
	Heartbeat(e HeartbeatEvent)
}

// SessionObserver is told of connections to servers. Over a Pinger there are none.
type SessionObserver interface {
	SessionUp(e SessionEvent)
	SessionDown(e SessionEvent)
}

// StartObserver gets what reads the Proxy's state, before Start returns and in its goroutine:
// s is the *Proxy. Other methods may be called before.
type StartObserver interface {
	Started(s Snapshotter)
}

// Snapshotter is a Proxy, for observers that read its state.
type Snapshotter interface {
	Snapshot() Snapshot
}

// observing reports whether o has any of the methods.
func observing(o Observer) bool {
	switch o.(type) {
	case CallObserver, AttemptObserver, MoveObserver, RoundObserver, DiscoveryObserver, HeartbeatObserver, SessionObserver, StartObserver:
		return true
	}
	return false
}

// CallInfo is a call as its caller made it.
type CallInfo struct {
	Method string
	Class  Class
	Stream bool // Stream, not Call
	Tenant bool // of a Tenant
}
