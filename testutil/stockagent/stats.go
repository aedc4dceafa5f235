package stockagent

import (
	"context"
	"time"
)

// Stats is what an agent did so far.
type Stats struct {
	Pace
	TTL           time.Duration // as granted last
	Servers       []string      // the list, the server in use first
	Leader        string        // as told last; empty: none is known
	NumNodes      int           // likewise
	Registrations int           // that succeeded
	Queries       int           // for allocations, that were answered

	Sessions   int // with servers, open now
	Connects   int // sessions that were made
	Reconnects int // of these: with a server that there had been one with before
	Failed     int // calls that failed, also those that were repeated; includes dials
	Rotations  int // how often another server came into use because of that

	ReverseCalls   int // that servers made, and got an answer to
	ReverseStreams int // streaming calls that servers made, and that have ended

	Held        int // streams of servers that MuteReverse leaves without an answer, now
	Streams     int // opened by EndlessStreams
	Connections int // of ManyConnections, open now
	Refused     int // of ManyConnections, that could not be made or were ended by the server
}

// snapshot is a published state. It is never changed: another one replaces it, and then
// changed is closed.
type snapshot struct {
	Stats
	changed chan struct{}
}

// Stats returns what the agent did so far. It does not wait. The caller owns the list of
// servers.
func (a *Agent) Stats() Stats { return a.snap.Load().Stats.clone() }

func (s Stats) clone() Stats {
	s.Servers = append([]string(nil), s.Servers...)
	return s
}

// Await waits until cond holds and returns what it held for. Cond is called by the caller's
// goroutine and must not change what it is given. The error is that of ctx, or
// [ErrStopped].
func (a *Agent) Await(ctx context.Context, cond func(Stats) bool) (Stats, error) {
	for {
		now := a.snap.Load()
		if cond(now.Stats) {
			return now.clone(), nil
		}
		select {
		case <-now.changed:
		case <-a.ctx.Done():
			return now.clone(), ErrStopped
		case <-ctx.Done():
			return now.clone(), context.Cause(ctx)
		}
	}
}
