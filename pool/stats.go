package pool

import (
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// Stats counts what a Pool did since it was made, and what it holds now.
type Stats struct {
	Sessions      int    // sessions now
	CallsInFlight int    // calls and streams now, on the sessions that take new ones
	IdleStreams   int    // streams kept for the next calls, on those sessions
	Calls         uint64 // calls begun
	Failures      uint64 // calls that failed, for whatever reason
	Moved         uint64 // calls that ended because they are to be made elsewhere (Request.Moved)
	Dials         uint64 // dials begun
	DialFailures  uint64 // dials that failed, or took longer than DialTimeout
	Streams       uint64 // streams opened
	Accepted      uint64 // streams that servers opened
	Refused       uint64 // of those, the ones that were too many
	Pings         uint64 // pings to servers that were silent
	Asks          uint64 // calls of Status.Ping to servers that left others unanswered for long; also among Calls
	TLSOffers     int    // credentials on offer that no server has taken yet, see OfferedTLS
	BytesIn       uint64 // on the transport
	BytesOut      uint64

	ReverseCalls   uint64 // calls that servers made, also of unknown methods
	ReverseStreams uint64 // streaming calls of servers, also of unknown methods
	RefusedBytes   uint64 // calls of servers that were refused for want of MaxReverseBytes
	ReverseBytes   int64  // of MaxReverseBytes in use now
}

// counts is where the goroutines of a pool count.
type counts struct {
	session.Counters
	sessions                     atomic.Int64
	calls, failures, moved, asks atomic.Uint64
	dials, dialFailures          atomic.Uint64
}

// Stats reads the counters. They are read one by one: calls that run meanwhile
// may show in one and not yet in another.
func (p *Pool) Stats() Stats {
	st := Stats{
		Sessions:     int(p.counts.sessions.Load()),
		Calls:        p.counts.calls.Load(),
		Failures:     p.counts.failures.Load(),
		Dials:        p.counts.dials.Load(),
		DialFailures: p.counts.dialFailures.Load(),
		Streams:      p.counts.Streams.Load(),
		Accepted:     p.counts.Accepted.Load(),
		Refused:      p.counts.Refused.Load(),
		Pings:        p.counts.Pings.Load(),
		Asks:         p.counts.asks.Load(),
		BytesIn:      p.counts.BytesIn.Load(),
		BytesOut:     p.counts.BytesOut.Load(),
		Moved:        p.counts.moved.Load(),

		ReverseCalls:   p.counts.ReverseCalls.Load(),
		ReverseStreams: p.counts.ReverseStreams.Load(),
		RefusedBytes:   p.counts.RefusedBytes.Load(),
		ReverseBytes:   p.counts.ReverseBytes.Load(),
	}
	for _, o := range [...]*offering{p.offered.Load(), p.watching.Load()} {
		if o != nil && o.pending.Load() {
			st.TLSOffers++
		}
	}
	for _, s := range *p.table.Load() {
		st.CallsInFlight += int(s.InFlight())
		st.IdleStreams += s.IdleStreams()
	}
	return st
}
