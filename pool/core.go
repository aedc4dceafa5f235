package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// core decides which server is dialed, which session is published and when one
// is closed. It knows sessions by number and does no I/O: what must be done comes
// out as effects, in order. A server without an entry has no session that calls
// find; it may have some that are retired.
type core struct {
	cfg       coreConfig
	servers   map[string]*link
	sessions  map[uint64]*carrier           // all that are up, until they have ended
	last      uint64                        // number of the newest session
	retain    string                        // the server whose session is kept; empty: none
	front     string                        // the one that was named for that last
	ttl       time.Duration                 // of heartbeats; 0: unknown
	tidy      time.Time                     // when to look whether too many sessions have left use; zero: never
	keepalive time.Duration                 // between signs of life while calls wait; 0: not asked for
	at        time.Time                     // of the step or the deadline that is taken
	dials     backoffs                      // of the addresses
	slots     slots                         // of the dials under way
	asked     map[uint64]actor.Reply[error] // who waits for a session that was asked for by Renew
	effects   []effect
}

// coreConfig is what the core must know of Config.
type coreConfig struct {
	idle        time.Duration // unused sessions end after it
	silence     time.Duration // after it a waiting call makes its server suspect
	ping        time.Duration // a session's ping must be answered within it
	drain       time.Duration // a session that was left ends that long after its last use
	corroborate bool          // a silent session ends only if another server answers
	dial        time.Duration // how long callers wait for a dial

	chance func() float64 // from 0 to 1; nil: always a half
}

// link is the way to one server: a dial under way, or the session that calls
// find.
type link struct {
	session uint64
	up      bool
	waiters []actor.Reply[error] // who asked while dialing
	renewal renewal
	stands  bool // dialed in place of a session that was cut
	late    bool // those who waited were told that the dial failed; it goes on
	spare   bool // nobody asked for it but those who ask for several
}

// carrier is a session that is up: found by calls, which is what a link names, or
// retired. It is watched for silence alike: what it carries waits alike.
type carrier struct {
	addr     string
	check    time.Time // when to look whether it is of use to anybody; zero: it is about to end
	doubt    doubt
	service  service
	openings openDoubt
	proving  bool      // it is to show that its server answers calls, beside a session that gets no answers
	deserted bool      // it was left because its server answers none
	spare    time.Time // when it came up, if that may have been for nothing; zero: it was not
	departure
}

// effect is what the shell must do.
//
//sumtype:decl
type effect interface{ effect() }

type (
	// dial connects to addr and reports the session as Dialed.
	dial struct {
		addr    string
		session uint64
		limits  limits
		better  bool // it was asked for by Renew, and is to be proven
	}
	// publish makes the sessions that are up the ones that calls find.
	publish struct{}
	// answer replies to one who waits for a dial.
	answer struct {
		to  actor.Reply[error]
		err error
	}
	// trim lets go of what an idle session holds beyond its recent need.
	trim struct{ session uint64 }
	// retire has a session take no further call. What its server opens it accepts as
	// before.
	retire struct {
		session uint64
		cause   error
	}
	// replaced tells of a session in place of one that was cut, or that does not serve.
	replaced struct{ addr string }
	// shut ends a retired session, unless something has begun on it meanwhile: then
	// its end is reported as Drained.
	shut struct{ session uint64 }
)

func (dial) effect()     {}
func (publish) effect()  {}
func (answer) effect()   {}
func (trim) effect()     {}
func (retire) effect()   {}
func (replaced) effect() {}
func (shut) effect()     {}

// usage is how a session is used, as the shell sees it.
type usage struct {
	busy     bool      // calls or streams, of whichever side, are on it
	used     time.Time // when the last byte of a stream came in
	accepted time.Time // when the last stream of the server was accepted; zero: none was
	heard    time.Time // when the last byte of whatever came in
	spared   time.Time // what was sent may be on its way until then
	answered time.Time // when the last answer to a call did
	bulk     time.Time // when much of a large request or reply had passed last; zero: never
	unopened time.Time // since when streams have waited and none was acknowledged; zero: none waits
	pinged   bool      // nothing but pings was ever on it: its server knows nobody by it
}

func newCore(cfg coreConfig) *core {
	if cfg.chance == nil {
		cfg.chance = func() float64 { return 0.5 }
	}
	return &core{
		cfg: cfg, servers: make(map[string]*link), sessions: make(map[uint64]*carrier),
		asked: make(map[uint64]actor.Reply[error]),
		dials: backoffs{each: make(map[string]*backoff), chance: cfg.chance},
		slots: slots{running: make(map[uint64]*dialing)},
	}
}

// step takes one message.
func (c *core) step(now time.Time, m messages.Pool) {
	c.at = now
	switch m := m.(type) {
	case messages.Connect:
		c.connect(now, m)
	case messages.Dialed:
		c.dialed(now, m)
	case messages.DialLate:
		c.dialLate(now, m)
	case messages.Withdraw:
		c.withdraw(m)
	case messages.Proven:
		c.dials.served(m.Addr)
	case messages.DialSpread:
		c.dials.spread = m.Over
	case messages.ServersAdded:
		c.dials.pace = pace{}
	case messages.Disconnected:
		c.ended(now, m.Addr, m.Session, m.Err)
		c.forget(m.Addr, m.Session)
	case messages.Leaving:
		c.ended(now, m.Addr, m.Session, ErrLeaving)
		if l := c.servers[m.Addr]; l != nil && l.up && l.session == m.Session {
			c.drop(now, m.Addr, l, ErrLeaving)
		}
	case messages.Retain:
		c.move(now, m.Addr)
	case messages.HeartbeatTTL:
		c.lasts(now, m.TTL)
	case messages.Drained:
		c.drained(now, m.Session)
	case messages.Keepalive:
		c.keepalive = m.Interval
		for _, s := range c.sessions {
			s.doubt.next = c.sooner(s.doubt.next, now)
		}
	case messages.Overdue:
		c.overdue(now, m.Session)
	case messages.Pinged:
		c.pinged(m)
	case messages.Unanswered:
		c.left(m)
		c.noteLeft(m)
	case messages.Unopened:
		c.unopened(now, m.Session)
	case messages.Late:
		c.late(now, m.Session)
	case messages.Served:
		c.served(now, m)
	case messages.Corroborated:
		c.corroborated(now, m)
	case messages.Renew:
		c.renewAsked(m)
	case messages.Secure: // the shell tries, and tells of it with Secured
	case messages.Secured:
		c.secured(now, m)
	}
}

// connect answers at once where there is a session, joins the dial under way, or
// starts one. A caller that gives up leaves its reply behind and the dial goes on.
func (c *core) connect(now time.Time, m messages.Connect) {
	l := c.servers[m.Addr]
	if l != nil && l.up && l.session == m.Except {
		c.ended(now, m.Addr, m.Except, ErrLeaving)
		c.drop(now, m.Addr, l, ErrLeaving)
		l = nil
	}
	switch {
	case l == nil:
		if err := c.refuse(m.Addr); err != nil {
			c.emit(answer{to: m.Reply, err: err})
			return
		}
		c.last++
		c.servers[m.Addr] = &link{session: c.last, waiters: []actor.Reply[error]{m.Reply}, spare: m.Spare}
		c.begin(m.Addr, c.last, m.Probe)
	case l.up:
		c.emit(answer{to: m.Reply})
	case l.late:
		c.emit(answer{to: m.Reply, err: c.dials.pending(now, m.Addr)})
	default:
		l.waiters, l.spare = append(l.waiters, m.Reply), l.spare && m.Spare
		if !m.Probe {
			c.slots.wanted(l.session)
		}
	}
}

// dialed publishes a session before it answers those who wait for it.
func (c *core) dialed(now time.Time, m messages.Dialed) {
	defer c.renewAnswered(m)
	l, d := c.servers[m.Addr], c.landed(now, m)
	defer c.fill()
	if m.Err == nil {
		c.sessions[m.Session] = &carrier{addr: m.Addr, check: c.firstLook(now, m.Addr), doubt: doubt{next: c.nextKeepalive(now)}}
	}
	if l != nil && l.renewal.session == m.Session {
		c.renewed(now, l, m)
		return
	}
	if c.adopt(m, d) {
		return
	}
	if l == nil || l.session != m.Session {
		c.retire(now, m.Session, ErrIdle)
		return
	}
	if m.Err != nil {
		delete(c.servers, m.Addr)
	} else {
		l.up, l.late = true, false
		c.spare(now, l, c.sessions[m.Session])
		c.emit(publish{})
		if l.stands {
			c.emit(replaced{addr: m.Addr})
		}
	}
	c.answerAll(l, m.Err)
}

// deadline is when the next session wants to be looked at.
func (c *core) deadline() time.Time {
	at := c.tidy
	for _, s := range c.sessions {
		at = sooner(sooner(sooner(at, s.check), s.until), sooner(sooner(s.openings.look, s.doubt.deadline()), s.service.deadline()))
	}
	for _, l := range c.servers {
		at = sooner(at, l.renewal.again)
	}
	return at
}

// expire gives up the pings that are due, and ends the sessions that are of use to
// nobody, no longer trusted, or too many. use tells how a session is used.
func (c *core) expire(now time.Time, use func(session uint64) usage) {
	c.at = now
	c.silent(now, use)
	c.unserved(now, use)
	c.unacknowledged(now, use)
	c.renewDue(now)
	for id, s := range c.sessions {
		switch {
		case due(s.until, now):
			c.distrust(id, s)
		case due(s.check, now):
			c.look(now, id, s, use(id))
		}
	}
	if due(c.tidy, now) {
		c.tidy = time.Time{}
		c.limit(use)
	}
}

func (c *core) emit(e effect) { c.effects = append(c.effects, e) }

// take hands over the effects; the slice is valid until the next step or expire.
func (c *core) take() []effect {
	out := c.effects
	c.effects = c.effects[:0]
	return out
}
