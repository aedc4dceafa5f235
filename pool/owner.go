package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// owner runs the core: it brings it messages and does what it asks for.
type owner struct {
	pool *Pool
	self actor.Self[mail]
	core *core
	live map[uint64]*connection // every session that is not over

	dialing map[uint64]context.CancelCauseFunc // gives up a dial under way
	proofs  map[uint64]Proof                   // of sessions that Renew asked for

	serial  uint64 // of the last SetTLS or OfferTLS
	inForce uint64 // of the one whose credentials are in force
}

func newOwner(p *Pool, self actor.Self[mail]) *owner {
	o := &owner{
		pool: p, self: self, core: newCore(coreConfig{
			idle: p.cfg.IdleTimeout, silence: p.cfg.SilenceLimit,
			ping: p.cfg.PingTimeout, drain: p.cfg.DrainTimeout, corroborate: p.cfg.Suspect != nil,
			dial: p.cfg.DialTimeout, chance: rand.Float64,
		}),
		live: make(map[uint64]*connection), dialing: make(map[uint64]context.CancelCauseFunc),
		proofs: make(map[uint64]Proof),
	}
	o.watch()
	return o
}

// Step takes one message.
func (o *owner) Step(now time.Time, letter mail) {
	of, next := letter.offer, letter.Pool
	switch m := letter.Pool.(type) { //nolint:gochecksumtype // the core takes them all; these say something to the shell too
	case messages.Connect:
		o.farewell(m.Addr, m.Except)
		o.spent(m.Except)
	case messages.Disconnected:
		if !o.farewell(m.Addr, m.Session) {
			o.judge(m.Addr, m.Session, m.Err)
		}
		delete(o.live, m.Session)
	case messages.Leaving:
		o.farewell(m.Addr, m.Session)
	case messages.DialLate:
		o.late(m)
	case messages.Dialed:
		o.landed(m)
		if o.heard(m.Addr, m.Err); m.Err != nil && o.core.current(m.Addr, m.Session) {
			o.down(m.Addr, m.Err)
		}
		o.core.heard(o.usage)
	case messages.Secure:
		next = o.secure(m, of)
	case messages.Secured:
		m.Withdrawn = m.Err == nil && of.next.withdraws(o.pool.creds.Load())
		if !o.enforce(m, of) {
			return
		}
		next = m
	}
	if letter.session != nil {
		o.live[letter.session.ID] = letter.session
	}
	o.core.step(now, next)
	if letter.prove != nil {
		o.toProve(letter.prove)
	}
	o.apply()
}

// Expire reaps.
func (o *owner) Expire(now time.Time) {
	o.core.expire(now, o.usage)
	o.apply()
}

// usage is how a session is used; none that has ended is.
func (o *owner) usage(id uint64) usage {
	s := o.live[id]
	if s == nil {
		return usage{}
	}
	u := s.Usage()
	return usage{
		busy: u.Busy, used: u.Used, accepted: u.Accepted, heard: u.Heard, spared: u.Excused,
		answered: u.Answered, bulk: u.Bulk, unopened: u.Unopened, pinged: u.Pinged,
	}
}

// Deadline is the core's.
func (o *owner) Deadline() time.Time { return o.core.deadline() }

// Stop withdraws the table. The sessions' keepers, who watch the
// actor's context, end them.
func (o *owner) Stop(error) {
	o.pool.table.Store(&table{})
	o.pool.offered.Store(nil)
	o.pool.watching.Store(nil)
}

// apply does what the core decided, in its order.
func (o *owner) apply() {
	for _, e := range o.core.take() {
		switch e := e.(type) {
		case dial:
			o.turnAway(e)
			o.dial(e)
		case abandon:
			if end := o.dialing[e.session]; end != nil {
				end(errAbandoned)
			}
		case publish:
			o.publish()
		case answer:
			e.to.Send(e.err)
		case retire:
			o.retire(e)
		case replaced:
			o.renewed(e.addr)
		case shut:
			if s := o.live[e.session]; s != nil {
				s.Shut()
			}
		case trim:
			if s := o.live[e.session]; s != nil {
				s.Trim()
			}
		case cut:
			if s := o.live[e.session]; s != nil {
				o.cut(s, e.cause)
			}
		case ping:
			o.ping(e)
		case ask:
			o.ask(e)
		case desert:
			o.desert(e)
		case suspect:
			o.pool.cfg.Suspect(e.addr)
		}
	}
}

// renewed tells the pool's user of a session with other credentials.
func (o *owner) renewed(addr string) {
	if o.pool.cfg.Renewed != nil {
		o.pool.cfg.Renewed(addr)
	}
}

// cut ends a session with what is on it.
func (o *owner) cut(s *connection, cause error) {
	if errors.Is(cause, ErrTooManySessions) {
		o.pool.cfg.Logger.Warn().Str("server", s.Addr).Int64("on_it", s.InFlight()).
			Int("per_server", maxPerServer).Int("left", maxLeft).
			Msg("a session that had left use was ended: there are too many of these")
	}
	s.End(cause)
}

// publish makes the sessions that are up the ones that calls find.
func (o *owner) publish() {
	t := make(table, len(o.core.servers))
	for addr, l := range o.core.servers {
		if s := o.live[l.session]; l.up && s != nil {
			t[addr] = s
		}
	}
	o.pool.table.Store(&t)
}

// judge tells of the end of a session, unless its server is reached on another
// one: that one is asked about it.
func (o *owner) judge(addr string, session uint64, err error) {
	told := o.live[session] != nil && o.live[session].deserted // that it does not serve
	if !told && !o.core.superseded(addr, session) {
		o.down(addr, err)
	}
}

// farewell tells once that a server is leaving, and says whether it is: whoever
// knows it first, its keeper or a call that found its session of no use. Later it
// would be about a session that is superseded.
func (o *owner) farewell(addr string, session uint64) bool {
	s := o.live[session]
	if s == nil || !s.Leaving() {
		return false
	}
	if !s.leftNoted {
		s.leftNoted = true
		o.pool.failRoute(s, ErrLeaving)
		o.judge(addr, session, ErrLeaving)
	}
	return true
}

// down tells the pool's user of a server that cannot be reached, or that is
// leaving. A session that was let go by this side says nothing.
func (o *owner) down(addr string, err error) {
	if err != nil && !letGo(err) && o.pool.cfg.Down != nil {
		o.pool.cfg.Down(addr, err)
	}
}

// ping asks a session for a sign of life in a goroutine of its own, which ends
// with the answer or with the session.
func (o *owner) ping(e ping) {
	s := o.live[e.session]
	if s == nil {
		return
	}
	o.pool.counts.Pings.Add(1)
	o.self.Go(func(ctx context.Context) {
		err := s.Ping(ctx)
		if errors.Is(err, mux.ErrPingTimeout) {
			return // the core has its own time for it
		}
		_ = o.tell(ctx, mail{Pool: messages.Pinged{Addr: e.addr, Session: e.session, Err: err}})
	})
}

// connect dials, within dialing, and then keeps the session until it is over. It runs
// in a goroutine of its own, the session's keeper.
func (o *owner) connect(ctx, dialing context.Context, d dial, prove Proof) {
	p, log := o.pool, o.pool.cfg.Logger
	p.counts.dials.Add(1)
	begin := time.Now()
	s, err := p.open(p.tardy(dialing, d.limits, func(at Phase) { o.overdue(dialing, d, at) }), d.addr, d.session)
	if err == nil {
		s, err = p.proven(dialing, s, prove)
	}
	if err != nil {
		log.Debug().Str("server", d.addr).Str("error", said{d.addr, PhaseDial.String()}.text(err)).
			Stringer("took", since(begin)).Msg("dial failed")
	}
	if s != nil {
		p.counts.sessions.Add(1) // before anybody can find it
		s.Listen()
	}
	told := o.tell(ctx, mail{Pool: messages.Dialed{Addr: d.addr, Session: d.session, Err: err}, session: s})
	if s == nil {
		return
	}
	if told != nil {
		s.End(told)
	}
	log.Debug().Str("server", d.addr).Stringer("took", since(begin)).Msg("session up")
	begin = time.Now()
	err = s.Run(ctx, ErrStopped)
	p.counts.sessions.Add(-1)
	p.failRoute(s, err)
	log.Debug().Str("server", d.addr).Str("error", said{server: d.addr}.text(err)).
		Stringer("lasted", since(begin)).Msg("session over")
	_ = o.tell(ctx, mail{Pool: messages.Disconnected{Addr: d.addr, Session: d.session, Err: err}})
}

// since is the time since then, for a log line.
func since(begin time.Time) time.Duration { return time.Since(begin).Round(10 * time.Microsecond) }

// tell brings a result back to the owner. It waits for room in the mailbox, but
// not beyond the owner's end.
func (o *owner) tell(ctx context.Context, m mail) error { return o.self.Ref().Tell(ctx, m) }
