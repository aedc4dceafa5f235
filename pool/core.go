package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// core decides which server is dialed, which session is published and when one
// is closed. It knows sessions by number and does no I/O: what must be done comes
// out as effects, in order. A server without an entry has no session.
type core struct {
	cfg       coreConfig
	servers   map[string]*link
	last      uint64        // number of the newest session
	retain    string        // the server whose session is kept
	keepalive time.Duration // between signs of life while calls wait; 0: not asked for
	effects   []effect
}

// coreConfig is what the core must know of Config.
type coreConfig struct {
	idle        time.Duration // unused sessions end after it
	silence     time.Duration // after it a waiting call makes its server suspect
	ping        time.Duration // a session's ping must be answered within it
	corroborate bool          // a silent session ends only if another server answers
}

// link is the way to one server: a dial under way, or a session.
type link struct {
	session uint64
	up      bool
	waiters []actor.Reply[error] // who asked while dialing
	check   time.Time            // when to look whether it is idle
	doubt   doubt
	renewal renewal
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
	// shut ends a session once its last call has ended.
	shut struct {
		session uint64
		cause   error
	}
)

func (dial) effect()    {}
func (publish) effect() {}
func (answer) effect()  {}
func (trim) effect()    {}
func (shut) effect()    {}

// usage is how a session is used, as the shell sees it.
type usage struct {
	busy  bool      // calls are in flight
	used  time.Time // when the last byte of a stream came in
	heard time.Time // when the last byte of whatever came in
}

func newCore(cfg coreConfig) *core {
	return &core{cfg: cfg, servers: make(map[string]*link)}
}

// step takes one message.
func (c *core) step(now time.Time, m messages.Pool) {
	switch m := m.(type) {
	case messages.Connect:
		c.connect(m)
	case messages.Dialed:
		c.dialed(now, m)
	case messages.Disconnected:
		if l := c.servers[m.Addr]; l != nil && l.session == m.Session {
			delete(c.servers, m.Addr)
			c.emit(publish{})
		}
	case messages.Leaving:
		if l := c.servers[m.Addr]; l != nil && l.up && l.session == m.Session {
			c.drop(m.Addr, l, ErrLeaving)
		}
	case messages.Retain:
		c.retain = m.Addr
	case messages.Keepalive:
		c.keepalive = m.Interval
		for _, l := range c.servers {
			l.doubt.next = c.nextKeepalive(now)
		}
	case messages.Overdue:
		c.overdue(now, m)
	case messages.Pinged:
		c.pinged(m)
	case messages.Unanswered:
		c.left(m)
	case messages.Corroborated:
		c.corroborated(m)
	case messages.Secure: // the shell tries, and tells of it with Secured
	case messages.Secured:
		c.secured(m)
	}
}

// connect answers at once where there is a session, joins the dial under way, or
// starts one. A caller that gives up leaves its reply behind and the dial goes on.
func (c *core) connect(m messages.Connect) {
	l := c.servers[m.Addr]
	if l != nil && l.up && l.session == m.Except {
		c.drop(m.Addr, l, ErrLeaving)
		l = nil
	}
	switch {
	case l == nil:
		c.last++
		c.servers[m.Addr] = &link{session: c.last, waiters: []actor.Reply[error]{m.Reply}}
		c.emit(dial{addr: m.Addr, session: c.last})
	case l.up:
		c.emit(answer{to: m.Reply})
	default:
		l.waiters = append(l.waiters, m.Reply)
	}
}

// dialed publishes a session before it answers those who wait for it.
func (c *core) dialed(now time.Time, m messages.Dialed) {
	l := c.servers[m.Addr]
	if l != nil && l.renewal.session == m.Session {
		c.renewed(now, l, m)
		return
	}
	if l == nil || l.session != m.Session {
		c.emit(shut{session: m.Session, cause: ErrIdle})
		return
	}
	if m.Err != nil {
		delete(c.servers, m.Addr)
	} else {
		l.up, l.check = true, now.Add(c.cfg.idle)
		l.doubt.next = c.nextKeepalive(now)
		c.emit(publish{})
	}
	for _, w := range l.waiters {
		c.emit(answer{to: w, err: m.Err})
	}
	l.waiters = nil
}

// deadline is when the next session wants to be looked at.
func (c *core) deadline() (at time.Time) {
	for _, l := range c.servers {
		if l.up {
			at = sooner(sooner(sooner(at, l.check), l.doubt.deadline()), l.renewal.again)
		}
	}
	return at
}

// sooner is the earlier of two times, of which the zero time is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// expire gives up the pings that are due and closes the sessions that have been idle for long enough. use tells how
// a session is used.
func (c *core) expire(now time.Time, use func(session uint64) usage) {
	c.silent(now, use)
	c.renewDue(now)
	for addr, l := range c.servers {
		if !l.up || l.check.After(now) {
			continue
		}
		u := use(l.session)
		c.emit(trim{session: l.session})
		switch {
		case u.busy || addr == c.retain:
			l.check = now.Add(c.cfg.idle)
		case now.Sub(u.used) < c.cfg.idle:
			l.check = u.used.Add(c.cfg.idle)
		default:
			c.drop(addr, l, ErrIdle)
		}
	}
}

// drop takes a session out of use; it ends when its last call has.
func (c *core) drop(addr string, l *link, cause error) {
	delete(c.servers, addr)
	c.emit(publish{})
	c.emit(shut{session: l.session, cause: cause})
}

func (c *core) emit(e effect) { c.effects = append(c.effects, e) }

// take hands over the effects; the slice is valid until the next step or expire.
func (c *core) take() []effect {
	out := c.effects
	c.effects = c.effects[:0]
	return out
}
