package fleet

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// racing is how the last race of an agent has ended.
type racing struct {
	dialed uint64 // the servers that were silent or failed
	winner int16
}

// race is a call's race for its first session (attempt.Contact).
type race struct {
	attempt.Contact
	order []messages.Server
	open  uint64 // the dials under way, by server
	err   error  // of the first server's
}

// raceOn has a race go on, after what is to be done before.
type raceOn struct{}

// wait is one thing that an agent waits for: a session, or an answer on it.
type wait struct {
	gen      uint32 // events of something former are stale
	session  uint32 // that it is on; 0: none
	server   int16
	state    uint8
	lost     bool          // the answer does not come, unless the server comes to itself
	looking  bool          // a look is to come
	quiet    bool          // nothing is reported
	answered bool          // its stream may carry another call
	begin    time.Duration // when it was sent
	limit    time.Duration // when it is given up; 0: never
	held     time.Duration // for how long its server may hold it
	reported time.Duration // when Late was, and no call answered since; 0: not
}

// The states of a wait.
const (
	idle  uint8 = iota
	dials       // it waits for a session
	sent        // it waits for an answer
)

// What a wait is of, beside the calls: the number of a ping.
const firstPing = 2

// waiting is the wait that an event belongs to, and which one it is; nil: it is over.
func (a *agent) waiting(gen uint32) (w *wait, which int) {
	if c := &a.query; c.on && c.gen == gen {
		return &c.wait, watch
	}
	if c := a.beats; c.on && c.gen == gen {
		return &c.wait, beat
	}
	for i := range a.pings {
		if p := &a.pings[i]; p.gen == gen {
			return &p.wait, firstPing + i
		}
	}
	return nil, 0
}

// usually is how long a server takes at times for what waits, which is learned of heartbeats;
// 0: not long.
func (a *agent) usually(which int, n int16) time.Duration {
	if which != beat || a.usual == nil {
		return 0
	}
	return a.usual[n]
}

// session is an agent's session with a server.
type session struct {
	id      uint32 // the core's number
	server  int16
	load    int16 // what waits on it
	streams int16 // that are open: those in use, and those that wait for the next call
	found   bool  // calls find it
	retired bool
	engaged bool // it has carried more than pings
	proven  bool // a call was answered, and the core knows
	pinged  bool // a ping is out
	noted   bool // its end was reported

	since    time.Duration // when it was made
	heard    time.Duration // when the last bytes came in, apart from servers' pings
	used     time.Duration // when those of a stream did
	answered time.Duration // when those of an answer did
	lastLeft time.Duration // when a caller that left was reported last
	cause    error         // why it is retired
}

// session is the one with that number; nil: it has ended.
func (a *agent) session(id uint32) *session {
	for i := range a.sessions {
		if a.sessions[i].id == id {
			return &a.sessions[i]
		}
	}
	return nil
}

// find is the session to a server that calls find; nil: there is none.
func (a *agent) find(n int16) *session {
	for i := range a.sessions {
		if s := &a.sessions[i]; s.server == n && s.found {
			return s
		}
	}
	return nil
}

// lost has what waited on a session fail that has ended.
type lost struct{ cause error }

// movedOff has the blocking query be made on another session.
type movedOff struct{ cause error }

// ping is a Status.Ping on its way: a probe of a round, one of a corroborator, or one of the
// pool's own.
type ping struct {
	wait
	kind    uint8
	suspect int16  // of the corroborator
	look    uint32 // of which it is; one look for corroborators has several
	round   uint64
	epoch   uint64
}

// dropPing forgets a ping.
func (a *agent) dropPing(i int) {
	last := len(a.pings) - 1
	copy(a.pings[i:], a.pings[i+1:])
	if a.pings = a.pings[:last]; last == 0 {
		a.pings = nil
	}
}

// reach is a dial under way.
type reach struct {
	session  uint32
	server   int16
	accepted bool // a host is there
	proof    bool // the session is to show that its server knows a leader
	began    time.Duration
}

// takeDial takes a dial out of those under way; false: it has ended.
func (a *agent) takeDial(id uint32) (reach, bool) {
	for i, d := range a.dials {
		if d.session == id {
			a.dials[i] = a.dials[len(a.dials)-1]
			a.dials = a.dials[:len(a.dials)-1]
			return d, true
		}
	}
	return reach{}, false
}

// The causes of failures.
var (
	errRefused   = errors.New("refused")
	errBroke     = errors.New("connection ended")
	errSilent    = errors.New("no answer in time")
	errAbandoned = errors.New("dial was given up")
	errNoLeader  = errors.New("no leader")
	errCut       = errors.New("was given up")
)

// Who waits for a session, by server.
const (
	ofBeat    = iota // as the calls are numbered
	ofWatch          //
	probe            // a round's
	voice            // a corroborator
	renewal          // the list's Reconnect
	asking           // a Status.Ping of the pool's own, which waits for none
	ofWaiters = asking
)

// knowsLeader is the proof that the list wants of a better session: its server knows a leader.
type knowsLeader struct{}

// todo is what the agent whose event it is has to do yet: an effect of one of its cores, or
// of the end of a session for what waited on it. All of it is done in the order in which it came up.
type todo struct {
	effect any
	gen    uint32 // of the wait
	which  int
}

// goOn has a call go on, after what is to be done before.
type goOn struct{}

// What agents do by themselves.
const (
	watchFor  = 300 * time.Second
	beatTime  = 5 * time.Second // a heartbeat's, until its soft deadline: half of what servers wait beyond the TTL
	loopPause = time.Second     // and up to as much again, after a call that was given up
)
