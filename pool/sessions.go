package pool

import "time"

// SessionState is what a session is good for.
type SessionState uint8

// The states, the later ones worse.
const (
	SessionUp         SessionState = iota // it takes calls
	SessionRetired                        // it takes no new calls; those on it go on
	SessionLeaving                        // its server has announced that it leaves
	SessionSilent                         // calls wait, and nothing has come in for Config.SilenceLimit
	SessionNotServing                     // its server answers no calls, and those that may have left it
)

var sessionStates = [...]string{"up", "retired", "leaving", "silent", "not serving"}

func (s SessionState) String() string {
	if int(s) < len(sessionStates) {
		return sessionStates[s]
	}
	return "unknown state"
}

// SessionStats is one session to a server as it is now.
type SessionStats struct {
	Server string // address
	ID     uint64 // unique in the Pool
	State  SessionState
	Since  time.Time // it is up
	Heard  time.Time // when the last byte came in, but for pings of the server's
	TLS    bool

	Calls           int64  // in flight, and openings of streaming calls
	Streams         int64  // streaming calls of this side that are open
	IncomingStreams int64  // streams that the server has opened
	IdleStreams     int    // kept for the next calls
	BytesIn         uint64 // inside TLS
	BytesOut        uint64
}

// Sessions returns the sessions that are up, the oldest first, those that take no new calls
// among them. It reads them one by one, and blocks nothing.
func (p *Pool) Sessions() []SessionStats {
	all := p.live.all()
	list := make([]SessionStats, 0, len(all))
	for _, s := range all {
		list = append(list, s.stats())
	}
	return list
}

// stats reads the session.
func (s *connection) stats() SessionStats {
	st := SessionStats{
		Server: s.Addr, ID: s.ID, Since: s.up, Heard: s.Heard(), TLS: s.peer != nil, IdleStreams: s.IdleStreams(),
	}
	st.BytesIn, st.BytesOut = s.conn.Bytes()
	st.Streams, st.IncomingStreams = s.Streams()
	st.Calls = max(s.InFlight()-st.Streams-st.IncomingStreams, 0)
	switch {
	case s.Deserted():
		st.State = SessionNotServing
	case s.Silent():
		st.State = SessionSilent
	case s.Leaving():
		st.State = SessionLeaving
	case s.Retired():
		st.State = SessionRetired
	}
	return st
}

// Latency is how long a server took to answer over the last five minutes.
type Latency struct {
	Total    uint64        // answers, whatever their age, since the server is known
	Count    uint64        // of the answers of these minutes; 0: there was none, and the rest is zero
	P50, P99 time.Duration // of calls that were answered, within an eighth

	// Series is the P50 of each half minute of them, the oldest first; the last one is still
	// being filled. 0: there was none in it.
	Series [10]time.Duration
}

// Latency returns how long calls to the server at addr took of late, from the request to the
// whole answer, without dials and blocking queries; calls of tenants count too. It is empty for
// a server without a session in all that time, and where there are over 128 servers it may be
// for some. It measures nothing, and blocks nothing.
func (p *Pool) Latency(addr string) Latency {
	return Latency(p.times.Quantiles(addr, time.Since(p.origin)+p.offset))
}
