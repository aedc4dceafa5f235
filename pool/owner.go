package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// owner runs the core: it brings it messages and does what it asks for.
type owner struct {
	pool *Pool
	self actor.Self[mail]
	core *core.Core
	live map[uint64]*session // every session that is not over

	dialing map[uint64]context.CancelCauseFunc // gives up a dial under way

	serial  uint64 // of the last SetTLS or OfferTLS
	inForce uint64 // of the one whose credentials are in force
}

func newOwner(p *Pool, self actor.Self[mail]) *owner {
	o := &owner{
		pool: p, self: self,
		live: make(map[uint64]*session), dialing: make(map[uint64]context.CancelCauseFunc),
	}
	o.core = core.New(core.Config{
		Idle: p.cfg.IdleTimeout, Silence: p.cfg.SilenceLimit, Ping: p.cfg.PingTimeout,
		Drain: p.cfg.DrainTimeout, Dial: p.cfg.DialTimeout, Corroborate: p.hooks.Suspect != nil,
		Chance: rand.Float64, Usage: o.usage, Classify: classify,
	})
	o.watch()
	return o
}

// Step takes one message.
func (o *owner) Step(now time.Time, letter mail) {
	next := letter.Message
	switch m := next.(type) { //nolint:gochecksumtype // the core takes them all; these say something to the shell too
	case nil:
		if next = o.secure(letter.offer); next == nil {
			return
		}
	case core.Connect:
		o.farewell(m.Addr, m.Except)
		o.spent(m.Except)
	case core.Disconnected:
		if !o.farewell(m.Addr, m.Session) {
			o.judge(m.Addr, m.Session, m.Err)
		}
		delete(o.live, m.Session)
	case core.Leaving:
		o.farewell(m.Addr, m.Session)
	case core.Dialed:
		delete(o.dialing, m.Session)
		o.heard(m.Addr, m.Err)
	case core.Secured:
		m.Withdrawn = m.Err == nil && letter.offer.next.withdraws(o.pool.creds.Load())
		if !o.enforce(m, letter.offer) {
			return
		}
		next = m
	}
	if letter.session != nil {
		o.live[letter.session.id] = letter.session
	}
	o.core.Step(now, next)
	o.apply()
}

// Expire reaps.
func (o *owner) Expire(now time.Time) {
	o.core.Expire(now)
	o.apply()
}

// usage is how a session is used; none that is over is.
func (o *owner) usage(session uint64) core.Usage {
	if s := o.live[session]; s != nil {
		return s.usage()
	}
	return core.Usage{}
}

// Deadline is the core's.
func (o *owner) Deadline() time.Time { return o.core.Deadline() }

// Stop withdraws the table. The sessions' keepers, who watch the
// actor's context, end them.
func (o *owner) Stop(error) {
	o.pool.table.Store(&table{})
	o.pool.offered.Store(nil)
	o.pool.watching.Store(nil)
}

// apply does what the core decided, in its order.
func (o *owner) apply() {
	for _, e := range o.core.Take() {
		switch e := e.(type) {
		case core.Dial:
			o.avoid(e.Avoid)
			o.dial(e)
		case core.DialFailed:
			o.dialFailed(e)
		case core.Abandon:
			if end := o.dialing[e.Session]; end != nil {
				end(errAbandoned)
			}
		case core.Publish:
			o.publish(e)
		case core.Answer:
			e.To.Send(refusalError(e.Err))
		case core.Retire:
			if s := o.live[e.Session]; s != nil {
				s.retire(e.Cause)
				if errors.Is(e.Cause, ErrRenewed) {
					o.renewed(s.addr)
				}
			}
		case core.Replaced:
			o.renewed(e.Addr)
		case core.Release:
			if s := o.live[e.Session]; s != nil {
				s.shut()
			}
		case core.Trim:
			if s := o.live[e.Session]; s != nil {
				s.trim()
			}
		case core.Cut:
			if s := o.live[e.Session]; s != nil {
				o.cut(s, e.Cause)
			}
		case core.Ping:
			o.ping(e)
		case core.Ask:
			o.ask(e)
		case core.Desert:
			o.desert(e)
		case core.Suspect:
			o.pool.hooks.Suspect(e.Addr)
		}
	}
}

// renewed tells the pool's user of a session with other credentials.
func (o *owner) renewed(addr string) {
	if o.pool.hooks.Renewed != nil {
		o.pool.hooks.Renewed(addr)
	}
}

// cut ends a session with what is on it.
func (o *owner) cut(s *session, cause error) {
	if errors.Is(cause, ErrTooManySessions) {
		o.pool.cfg.Logger.Warn().Str("server", s.addr).Int64("on_it", s.inFlight()).
			Int("per_server", core.MaxPerServer).Int("left", core.MaxLeft).
			Msg("a session that had left use was ended: there are too many of these")
	}
	s.cancel(cause)
}

// publish makes the sessions that are up the ones that calls find.
func (o *owner) publish(e core.Publish) {
	t := make(table, len(e.Sessions))
	for addr, id := range e.Sessions {
		if s := o.live[id]; s != nil {
			t[addr] = s
		}
	}
	o.pool.table.Store(&t)
}

// judge tells of the end of a session, unless its server is reached on another
// one: that one is asked about it.
func (o *owner) judge(addr string, session uint64, err error) {
	told := o.live[session] != nil && o.live[session].unserved != nil // that it does not serve
	if !told && !o.core.Superseded(addr, session) {
		o.down(addr, err)
	}
}

// farewell tells once that a server is leaving, and says whether it is: whoever
// knows it first, its keeper or a call that found its session of no use. Later it
// would be about a session that is superseded.
func (o *owner) farewell(addr string, session uint64) bool {
	s := o.live[session]
	if s == nil || !s.leaving() {
		return false
	}
	if !s.parted {
		s.parted = true
		s.failRoute(ErrLeaving)
		o.judge(addr, session, ErrLeaving)
	}
	return true
}

// down tells the pool's user of a server that cannot be reached, or that is
// leaving. A session that was let go by this side says nothing.
func (o *owner) down(addr string, err error) {
	if err != nil && !core.LetGo(err) && o.pool.hooks.Down != nil {
		o.pool.hooks.Down(addr, err)
	}
}

// ping asks a session for a sign of life in a goroutine of its own, which ends
// with the answer or with the session.
func (o *owner) ping(e core.Ping) {
	s := o.live[e.Session]
	if s == nil {
		return
	}
	o.pool.counts.pings.Add(1)
	o.self.Go(func(ctx context.Context) {
		err := s.ping(ctx)
		if errors.Is(err, yamux.ErrTimeout) {
			return // the core has its own time for it
		}
		_ = o.tell(ctx, mail{Message: core.Pinged{Addr: e.Addr, Session: e.Session, Err: err}})
	})
}

// connect dials, within the dial's own context, and then keeps the session until it is over. It runs
// in a goroutine of its own, the session's keeper.
func (o *owner) connect(ctx, within context.Context, d core.Dial) {
	p, log := o.pool, o.pool.cfg.Logger
	p.counts.dials.Add(1)
	begin := time.Now()
	limited := dialing.WithLimits(within, d.Limits, p.cfg.DialTimeout, func(connected bool) { o.overdue(within, d, connected) })
	s, err := p.open(limited, d.Addr, d.Session)
	if err == nil {
		prove, _ := d.Proof.(poolhooks.Proof)
		s, err = p.proven(within, s, prove)
	}
	if err != nil {
		log.Debug().Str("server", d.Addr).Str("error", said{d.Addr, PhaseDial.String()}.text(err)).
			Stringer("took", since(begin)).Msg("dial failed")
	}
	if s != nil {
		p.counts.sessions.Add(1) // before anybody can find it
		s.listen()
	}
	told := o.tell(ctx, mail{Message: core.Dialed{Addr: d.Addr, Session: d.Session, Err: err}, session: s})
	if s == nil {
		return
	}
	if told != nil {
		s.cancel(told)
	}
	log.Debug().Str("server", d.Addr).Stringer("took", since(begin)).Msg("session up")
	begin = time.Now()
	err = s.keep(ctx)
	p.counts.sessions.Add(-1)
	s.failRoute(err)
	log.Debug().Str("server", d.Addr).Str("error", said{server: d.Addr}.text(err)).
		Stringer("lasted", since(begin)).Msg("session over")
	_ = o.tell(ctx, mail{Message: core.Disconnected{Addr: d.Addr, Session: d.Session, Err: err}})
}

// since is the time since then, for a log line.
func since(begin time.Time) time.Duration { return time.Since(begin).Round(10 * time.Microsecond) }

// tell brings a result back to the owner. It waits for room in the mailbox, but
// not beyond the owner's end.
func (o *owner) tell(ctx context.Context, m mail) error { return o.self.Ref().Tell(ctx, m) }
