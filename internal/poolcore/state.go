package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/moment"
)

// Core decides for the pool's owner. It belongs to one goroutine. A server without a link
// has no session that calls find; it may have some that are retired.
type Core struct {
	cfg       *Config
	env       Env
	links     ordered[string, *link]
	sessions  ordered[uint64, *session] // all that are up, until they have ended
	last      uint64                    // number of the newest session
	retained  string                    // the server whose session is retained; empty: none
	moved     string                    // the server that was named last as retained
	ttl       time.Duration             // of heartbeats; 0: unknown
	limitAt   moment.Time               // when to look whether too many sessions have left use; zero: never
	keepalive time.Duration             // between signs of life while calls wait; 0: not asked for
	now       moment.Time               // of the step or the deadline under way
	dials     backoffs
	slots     slots
	renewals  map[uint64]Renew // that wait for a dial, by session
	effects   []Effect
	next      deadlines
	room      room
}

// Config configures any number of Cores, all of one goroutine.
type Config struct {
	Idle        time.Duration // unused sessions end after it
	Silence     time.Duration // a waiting call makes its server suspect after it
	Ping        time.Duration // a session's ping must be answered within it
	Drain       time.Duration // a session that was left ends that long after its last use
	Dial        time.Duration // how long callers wait for a dial
	Corroborate bool          // a silent session ends only if another server answers

	clock    moment.Clock
	spare    []Effect        // memory for those of the next step
	dialings pieces[dialing] // as are the next ones
	backoffs pieces[backoff]
	waiters  lists[waiter]
}

// Env is what a Core asks its owner for. The methods do not block.
type Env interface {
	Chance() float64                                // from 0 to 1, a new one each time
	Usage(session uint64) Usage                     // of a session now
	Classify(err error) (timeout, credentials bool) // of a failure, see Failure
}

// New makes a Core without a session.
func New(cfg *Config, env Env) *Core {
	c := &Core{cfg: cfg, env: env, dials: backoffs{chance: env, clock: &cfg.clock, spare: &cfg.backoffs}}
	c.links, c.sessions = c.room.links[:0], c.room.sessions[:0]
	c.slots.running, c.dials.each = c.room.running[:0], c.room.each[:0]
	return c
}

// room is what most cores need for their sets.
type room struct {
	links    [1]*link
	sessions [1]*session
	running  [1]*dialing
	each     [1]*backoff
}

// deadlines are found out once after each step.
type deadlines struct{ all, resting moment.Time }

// unknown is the deadlines' time after a step.
const unknown = moment.Time(-1)

// link is the way to one server: a dial under way, or the session that calls find.
type link struct {
	addr     string
	session  uint64
	up       bool
	waiters  []waiter // while dialing
	renewal  renewal
	afterCut bool // dialed in place of a session that was cut
	late     bool // the waiters were answered that the dial failed; it goes on
	spare    bool // only Connect with Spare asked for it
}

func (l *link) key() string { return l.addr }

// waiter is a caller that waits for a session.
type waiter struct {
	reply actor.Reply[error]
	by    uint64
}

func (m Connect) waiter() waiter { return waiter{m.Reply, m.By} }

func (w waiter) answer(err error) Answer { return Answer{To: w.reply, By: w.by, Err: err} }

// session is one that is up: a link names it, or it is retired. Either is watched for
// silence alike, since calls wait on either.
type session struct {
	addr     string
	id       uint64
	check    moment.Time // when to look whether it is still used; zero: it is about to end
	trim     moment.Time // when to close idle streams that are not needed; zero: it has few
	liveness liveness
	service  *service // nil: no call was late
	openings openings
	proving  bool        // it is to show that its server answers calls, while another session gets no answers
	deserted bool        // it was left because its server answers no call
	spare    moment.Time // when it came up, if it is spare; zero: it is not
	searched moment.Time // when another server that answers was looked for last; zero: never
	departure
}

func (s *session) key() uint64 { return s.id }

// hasLeft reports whether its server was left, or it was retired.
func (s *session) hasLeft() bool { return !s.left.IsZero() }

// served is a copy of its service.
func (s *session) served() (v service) {
	if s.service != nil {
		v = *s.service
	}
	return v
}

// doubt is its service to write to.
func (s *session) doubt() *service {
	if s.service == nil {
		s.service = new(service)
	}
	return s.service
}

// unfit reports whether a session is silent, or does not serve, as far as it can tell.
func (s *session) unfit() bool { return s.liveness.failed || s.served().failed }

// unused reports whether a spare session has carried nothing.
func (s *session) unused(u usage) bool { return !s.spare.IsZero() && !u.used.After(s.spare) }

// renewal is the replacement of a session that still carries calls.
type renewal struct {
	session uint64      // of the dial under way; 0: none
	again   moment.Time // when to try again after one that failed
	redial  bool        // it is for a session that is silent or does not serve, and not for credentials
	better  bool        // Renew asked for it
	proving bool        // the session is up and has not answered a call yet
}

// departure is how a session comes to its end. One whose server was left for another is
// still found by calls; one that is retired is not. Either accepts the server's streams for
// as long as it lives, because a server goes on using the session that it knows. It ends
// when it carries nothing and its server has had the time to learn of another.
type departure struct {
	left   moment.Time // when its server was left, or it was retired; zero: neither
	cause  error       // why it is retired; nil: calls find it
	until  moment.Time // it ends then, with the calls on it; zero: it is trusted
	ending bool        // it was released
}

// liveness is the state of a session on which a call is overdue. Only inbound bytes
// end the suspicion well. It ends badly when the ping has failed and, where that is asked
// for, another server was seen to answer: then the silence is not this side's network.
type liveness struct {
	look         moment.Time // a caller has left unanswered: see then; zero: nothing to see
	lookProbe    bool        // that was a probe
	next         moment.Time // when to look for life although no call is overdue; zero: never
	asked        moment.Time // when the ping that is out was sent
	until        moment.Time // it must be answered by then; zero: none is out
	search       moment.Time // when to look for another server that answers; zero: not, or done
	failed       bool        // a ping was not answered
	corroborated bool        // another server answers
}

// due is when to look next, but for the next look for life; zero: never.
func (l *liveness) due() moment.Time { return sooner(sooner(l.look, l.search), l.until) }

// open reports whether the session may be silent.
func (l *liveness) open() bool { return l.failed || !l.until.IsZero() }

// settled is the state after a sign of life.
func (l *liveness) settled() liveness { return liveness{next: l.next} }

// service is the state of a session on which a call waits for longer than its method
// usually takes. Only the answer to a call ends the suspicion well: bytes that come in show
// that the server's transport lives, and a server whose handlers hang still has that. It
// ends badly when a Status.Ping on the session was not answered either, and another server,
// or a new connection to this one, answered.
type service struct {
	asked        moment.Time // when the last Status.Ping was sent; zero: a call was answered since
	out          bool        // it is under way still
	search       moment.Time // when to look for another server that answers; zero: not, or done
	until        moment.Time // when to judge the answer; zero: judged
	failed       bool        // there was none by then
	corroborated bool        // another server answers
	noStream     bool        // no stream was acknowledged, which is why it failed
	extensions   uint8       // times that the judgement was put off for large requests and replies
	pause        time.Duration
	rest         moment.Time // no further Status.Ping before

	look  moment.Time // when the call of a caller that left would have been late; zero: none
	probe bool        // that was a probe
	since moment.Time // when that call was sent
	calm  moment.Time // no look before
}

// deadline is when to look next; zero: never.
func (v *service) deadline() moment.Time { return sooner(sooner(v.look, v.search), v.until) }

// open reports whether the session may not serve.
func (v *service) open() bool { return !v.asked.IsZero() }

// openings is the state of a session on which streams wait to be acknowledged. A
// server does that when it accepts them, before it reads a request, so it takes no longer
// than the answer to a ping, unless its accept loop is behind. Where that accepts none at
// all while pings are answered, no call gets through.
type openings struct {
	look  moment.Time // when to see whether one was acknowledged; zero: none waits
	asked moment.Time // when a ping was sent behind the streams that wait
	alive bool        // it was answered
	tries int         // times in a row that the session was found to open none
}

func (c *Core) emit(e Effect) {
	if c.effects == nil {
		c.effects, c.cfg.spare = c.cfg.spare, nil
	}
	c.effects = append(c.effects, e)
}

// publish makes the sessions of the links the ones that calls find.
func (c *Core) publish() {
	up := make([]Up, 0, len(c.links))
	for _, l := range c.links {
		if l.up {
			up = append(up, Up{Addr: l.addr, Session: l.session})
		}
	}
	c.emit(Publish{Sessions: up})
}

// connected reports whether a session other than except is up that calls find.
func (c *Core) connected(except uint64) bool {
	for _, l := range c.links {
		if l.up && l.session != except {
			return true
		}
	}
	return false
}

// found is the session that calls to addr find; nil: none.
func (c *Core) found(addr string) *session {
	if l := c.links.find(addr); l != nil && l.up {
		return c.sessions.find(l.session)
	}
	return nil
}

// current reports whether a session, or the dial for it, is the one by which its server is
// judged: not one that is to replace it, and not one that was given up.
func (c *Core) current(addr string, session uint64) bool {
	l := c.links.find(addr)
	return l != nil && l.session == session && !l.late
}

// Superseded reports whether another session to the server is in use, by which the server
// is judged.
func (c *Core) Superseded(addr string, session uint64) bool {
	l := c.links.find(addr)
	return l != nil && l.up && l.session != session
}
