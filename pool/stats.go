package pool

import "sync/atomic"

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
	sessions                                    atomic.Int64
	calls, failures, dials, dialFailures, pings atomic.Uint64
	asks                                        atomic.Uint64
	streams, bytesIn, bytesOut                  atomic.Uint64
	accepted, refused, moved                    atomic.Uint64
	reverseCalls, reverseStreams, refusedBytes  atomic.Uint64
	reverseBytes                                atomic.Int64
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
		Streams:      p.counts.streams.Load(),
		Accepted:     p.counts.accepted.Load(),
		Refused:      p.counts.refused.Load(),
		Pings:        p.counts.pings.Load(),
		Asks:         p.counts.asks.Load(),
		BytesIn:      p.counts.bytesIn.Load(),
		BytesOut:     p.counts.bytesOut.Load(),
		Moved:        p.counts.moved.Load(),

		ReverseCalls:   p.counts.reverseCalls.Load(),
		ReverseStreams: p.counts.reverseStreams.Load(),
		RefusedBytes:   p.counts.refusedBytes.Load(),
		ReverseBytes:   p.counts.reverseBytes.Load(),
	}
	for _, o := range [...]*offering{p.offered.Load(), p.watching.Load()} {
		if o != nil && o.pending.Load() {
			st.TLSOffers++
		}
	}
	for _, s := range *p.table.Load() {
		st.CallsInFlight += int(s.inFlight())
		st.IdleStreams += len(s.free)
	}
	return st
}
