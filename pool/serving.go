package pool

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// ErrNotServing is why calls left a session whose server leaves calls unanswered:
// those that wait, and a Status.Ping beside them, while another server answered one,
// or the same server did on a new connection. Bytes came in all the while, so the
// session did not end: a call that must not be made twice waits on it to its own end.
var ErrNotServing = errors.New("server leaves calls unanswered")

// service is what the core thinks of a session on which a call waits for longer than
// its method usually takes. Only the answer to a call ends it well: bytes that come in
// show that the server's transport lives, and a server whose handlers hang still has
// that. It ends badly when a Status.Ping on the session was not answered either, and
// another server, or a new connection to this one, answered.
type service struct {
	asked  time.Time // when the last Status.Ping was sent; zero: a call was answered since
	out    bool      // it is under way still
	search time.Time // when to look for another server that answers; zero: not, or done
	until  time.Time // when to judge the answer; zero: judged
	failed bool      // there was none by then
	backed bool      // another server answers
	closed bool      // no stream was acknowledged, which is why it failed
	longer int       // times that the judgement was put off for bulk
	pause  time.Duration
	rest   time.Time // no further Status.Ping before

	look  time.Time // when the call of a caller that left would have been late; zero: none
	since time.Time // when that call was sent
	calm  time.Time // no look before
}

const (
	// pauseGrowth bounds the pause between two Status.Pings that are not answered where
	// no other server answers either: it doubles from SilenceLimit to so many of it.
	pauseGrowth = 30
	// calmLooks is for how many SilenceLimits the looks for callers that left rest
	// after a Status.Ping was answered.
	calmLooks = 5
	// bulkLonger is how often the judgement is put off, by half of PingTimeout, while
	// large requests or replies pass: the answer may be queued behind them.
	bulkLonger = 8
	// sparedLonger is the same while large requests are on their way out that the server
	// has not taken.
	sparedLonger = 60
)

type (
	// ask makes a Status.Ping on a session, reported as Served.
	ask struct {
		addr    string
		session uint64
	}
	// desert has the calls that may be made elsewhere leave a session, and tells the
	// pool's user of a server that is judged by it.
	desert struct {
		addr    string
		session uint64
		cause   error
	}
)

func (ask) effect()    {}
func (desert) effect() {}

// deadline is when the core wants to look next; zero: it does not.
func (v *service) deadline() time.Time { return sooner(sooner(v.look, v.search), v.until) }

// open reports whether the session may not serve.
func (v *service) open() bool { return !v.asked.IsZero() }

// late asks a session for a Status.Ping, unless one is under way or was just made.
// Callers repeat themselves for as long as they wait.
func (c *core) late(now time.Time, session uint64) {
	s := c.sessions[session]
	if s == nil || s.deserted || s.proving || s.service.out || now.Before(s.service.rest) {
		return
	}
	c.ask(now, session, s)
	if c.cfg.corroborate {
		// A server that serves has answered by then: no other one is troubled, or
		// dialed, because a call takes long.
		s.service.search = now.Add(c.cfg.ping / 2)
	}
}

// ask begins a Status.Ping; what an earlier one has shown no longer counts.
func (c *core) ask(now time.Time, session uint64, s *carrier) {
	v := &s.service
	*v = service{
		asked: now, out: true, until: now.Add(c.cfg.ping),
		pause: v.pause, look: v.look, since: v.since, calm: v.calm,
	}
	c.emit(ask{addr: s.addr, session: session})
}

// noteLeft remembers a caller that gave up on a call which was not late yet. Whether
// the server answers is looked at when it would have been.
func (c *core) noteLeft(m messages.Unanswered) {
	s := c.sessions[m.Session]
	if s == nil || m.Late.IsZero() || s.deserted || s.service.out || !s.service.look.IsZero() {
		return
	}
	s.service.since, s.service.look = m.Since, later(m.Late, s.service.calm)
}

// served takes the result of a Status.Ping.
func (c *core) served(now time.Time, m messages.Served) {
	if c.proved(now, m) {
		return
	}
	s := c.sessions[m.Session]
	if s == nil {
		return
	}
	if m.Err == nil {
		s.service.out = false
		c.serves(now, s)
		return
	}
	v := &s.service
	v.out = false
	if v.open() {
		v.pause = min(max(2*v.pause, c.cfg.silence), pauseGrowth*c.cfg.silence)
		v.rest = now.Add(v.pause)
	}
}

// serves ends the doubt well.
func (c *core) serves(now time.Time, s *carrier) {
	s.service = service{
		out:  s.service.out, // another call was answered: one Status.Ping at a time
		rest: now.Add(c.cfg.silence), calm: now.Add(calmLooks * c.cfg.silence),
	}
}

// unserved does what is due about sessions that may not serve.
func (c *core) unserved(now time.Time, use func(session uint64) usage) {
	for id, s := range c.sessions {
		v := &s.service
		if due(v.look, now) {
			v.look = time.Time{}
			if !use(id).answered.After(v.since) {
				c.late(now, id)
			}
		}
		if due(v.search, now) {
			v.search = time.Time{}
			if !v.backed && !use(id).answered.After(v.asked) {
				c.emit(suspect{addr: s.addr})
			}
		}
		if due(v.until, now) {
			c.judge(now, id, s, use(id))
		}
	}
}

// judge decides about a session whose Status.Ping was to be answered by now.
func (c *core) judge(now time.Time, session uint64, s *carrier, u usage) {
	v := &s.service
	switch {
	case u.answered.After(v.asked):
		c.serves(now, s) // be it another call: a server may have trouble with that one method
	case now.Sub(v.until) >= c.cfg.silence:
		// So late only because this process was not run: nor was who reads.
		v.until = now.Add(c.cfg.silence)
	case v.longer < bulkLonger && !u.bulk.IsZero() && now.Sub(u.bulk) < 2*c.cfg.ping:
		v.longer++
		v.until = now.Add(c.cfg.ping / 2)
	case v.longer < sparedLonger && u.spared.After(now):
		v.longer++
		v.until = sooner(now.Add(c.cfg.ping/2), u.spared) // large requests are on their way before it
	case !s.doubt.until.IsZero() && !u.heard.After(s.doubt.asked):
		v.until = s.doubt.until // nothing at all comes in: that is decided there
	default:
		v.until, v.failed = time.Time{}, true
		if v.backed {
			c.leave(now, session, s, v.failure(c.cfg, "while another server answers"))
			return
		}
		c.redial(session, s)
	}
}

// seconded notes that another server answers. It is judged where it is known how the
// session is used.
func (c *core) seconded(now time.Time, s *carrier) {
	v := &s.service
	if !v.open() || s.proving || s.deserted {
		return
	}
	if v.backed = true; v.failed {
		v.until = now
	}
}

// leave has a session that does not serve found by no call, and left by those that
// can be made elsewhere. The others keep their chance: if they were ended, whether
// they were executed would never be known.
func (c *core) leave(now time.Time, session uint64, s *carrier, why error) {
	s.service, s.deserted = service{}, true
	if l := c.servers[s.addr]; l != nil && l.up && l.session == session {
		c.drop(now, s.addr, l, why)
	}
	c.emit(desert{addr: s.addr, session: session, cause: why})
}

// prove has a new connection beside a session that does not serve answer a call: that
// it came up shows no more than that the transport lives.
func (c *core) prove(now time.Time, l *link, session uint64) {
	s := c.sessions[session]
	s.proving, s.check = true, time.Time{}
	l.renewal = renewal{session: session, redial: true, proving: true}
	c.ask(now, session, s)
}

// proved takes the result of that, and reports whether it was one.
func (c *core) proved(now time.Time, m messages.Served) bool {
	l, s := c.servers[m.Addr], c.sessions[m.Session]
	awaited := l != nil && l.renewal.proving && l.renewal.session == m.Session
	if awaited {
		l.renewal = renewal{}
	}
	if s == nil || !s.proving {
		return awaited
	}
	s.proving, s.service, s.check = false, service{}, now.Add(c.cfg.idle)
	if !awaited || m.Err != nil || !c.sessions[l.session].unfit() {
		c.retire(now, m.Session, ErrIdle)
		return true
	}
	id, old := l.session, c.sessions[l.session]
	c.supersede(now, l, m.Session)
	c.emit(replaced{addr: m.Addr})
	why := old.service.failure(c.cfg, "while a new connection works")
	c.retire(now, id, why)
	c.leave(now, id, old, why)
	return true
}

// unfit reports whether a session is silent, or does not serve, as far as it can tell.
func (s *carrier) unfit() bool { return s.doubt.failed || s.service.failed }
