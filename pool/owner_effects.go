package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// errAbandoned is why a dial ended that no caller waits for.
var errAbandoned = errors.New("dial was given up: no call waits for it any more")

// dial starts the goroutine that dials.
func (o *owner) dial(d poolcore.Dial) {
	dialing, abandon := context.WithCancelCause(context.Background())
	o.dialing[d.Session] = abandon
	o.self.Go(func(ctx context.Context) {
		defer context.AfterFunc(ctx, func() { abandon(o.pool.ended()) })()
		defer abandon(nil)
		o.connect(ctx, dialing, d)
	})
}

// overdue reports a dial that is late. It waits for room in the mailbox, but not beyond
// the dial's end.
func (o *owner) overdue(ctx context.Context, d poolcore.Dial, connected bool) {
	at := PhaseDial
	if connected {
		at = PhaseHandshake
	}
	err := &DialError{Addr: d.Addr, Phase: at, Err: &dialing.LateError{Limit: o.pool.cfg.DialTimeout}}
	_ = o.tell(ctx, &mail{Message: poolcore.DialLate{Addr: d.Addr, Session: d.Session, Err: err}})
}

// dialFailed counts a dial that failed or is late, once, and calls Hooks.Down for a server
// that is judged by it.
func (o *owner) dialFailed(e poolcore.DialFailed) {
	if !e.Again && !errors.Is(e.Err, errAbandoned) {
		o.pool.counts.dialFailures.Add(1)
	}
	if e.Current {
		o.down(e.Addr, e.Err)
	}
}

// avoid has the next dial begin with another address of the name than a session has.
func (o *owner) avoid(session uint64) {
	o.on(session, func(s *connection) { o.pool.resolver.Failed(s.Addr, s.route) })
}

// ask makes a Status.Ping on a session in a goroutine of its own.
func (o *owner) ask(s *connection) {
	p := o.pool
	p.counts.asks.Add(1)
	o.self.Go(func(ctx context.Context) {
		err := s.Serves(ctx, &session.Request{
			Seq: p.counts.calls.Add(1), Method: session.PingMethod, Args: &emptyMap, Quiet: true, Probe: true,
		})
		_ = o.tell(ctx, &mail{Message: poolcore.Served{Addr: s.Addr, Session: s.ID, Err: err}})
	})
}

// desert has calls leave a session, after Hooks.Down was called for its server.
func (o *owner) desert(s *connection, cause error) {
	o.pool.log.Debug().Str("server", s.Addr).Int64("on_it", s.InFlight()).Str("error", stated{server: s.Addr}.brief(cause)).
		Msg("calls leave a session whose server answers none")
	o.reportEnd(s, cause)
	s.Desert(cause)
}

// retire has a session take no new calls. Calls that move end with ErrMoved, unless the
// server has failed.
func (o *owner) retire(s *connection, cause error) {
	moved := cause
	if !errors.Is(moved, ErrNotServing) {
		moved = fmt.Errorf("%w: %w", ErrMoved, cause)
	}
	if s.Retire(cause, moved); errors.Is(cause, ErrRenewed) {
		o.renewed(s.Addr)
	}
}

// renewed calls Hooks.Renewed.
func (o *owner) renewed(addr string) {
	if o.pool.hooks.Renewed != nil {
		o.pool.hooks.Renewed(addr)
	}
}

// arrived calls Hooks.Arrived.
func (o *owner) arrived(addr string) {
	if o.pool.hooks.Arrived != nil {
		o.pool.hooks.Arrived(addr)
	}
}

// cut ends a session with the calls on it.
func (o *owner) cut(s *connection, cause error) {
	if errors.Is(cause, ErrTooManySessions) {
		o.pool.log.Warn().Str("server", s.Addr).Int64("on_it", s.InFlight()).
			Int("per_server", poolcore.MaxPerServer).Int("left", poolcore.MaxLeft).
			Msg("a session that had left use was ended: there are too many of these")
	}
	s.End(cause)
}

// publish makes the sessions that are up the ones that calls find.
func (o *owner) publish(e poolcore.Publish) {
	t := make(table, len(e.Sessions))
	for _, up := range e.Sessions {
		if s := o.live[up.Session]; s != nil {
			t[up.Addr] = s
		}
	}
	o.pool.table.Store(&t)
}

// noteEnd reports a session that has ended, or whose server is leaving. Whoever finds out
// first has it reported, the session's goroutine or a call that asks for another one: once
// that is up, the server is judged by it. The dial for it begins with another address of the
// name.
func (o *owner) noteEnd(session uint64) {
	s := o.live[session]
	if s == nil || !s.Ended() && !s.Leaving() {
		return
	}
	cause := s.Cause()
	if s.Leaving() {
		cause = ErrLeaving
	}
	o.pool.failRoute(s, cause)
	o.reportEnd(s, cause)
}

// reportEnd calls Hooks.Down for a session that calls leave, the first time, unless its server
// is judged by another one.
func (o *owner) reportEnd(s *connection, err error) {
	if !s.endNoted && !o.core.Superseded(s.Addr, s.ID) {
		o.down(s.Addr, err)
	}
	s.endNoted = true
}

// down calls Hooks.Down for a server that cannot be reached, or that is leaving, but not
// for a session that this side had no more use for.
func (o *owner) down(addr string, err error) {
	if err != nil && !poolcore.LetGo(err) && o.pool.hooks.Down != nil {
		o.pool.hooks.Down(addr, err)
	}
}

// ping asks a session for a sign of life in a goroutine of its own, which ends
// with the answer or with the session.
func (o *owner) ping(s *connection) {
	o.pool.counts.Pings.Add(1)
	o.self.Go(func(ctx context.Context) {
		err := s.Ping(ctx)
		if errors.Is(err, mux.ErrPingTimeout) {
			return // the core has its own timeout
		}
		_ = o.tell(ctx, &mail{Message: poolcore.Pinged{Session: s.ID, Err: err}})
	})
}

// connect dials, within the dial's own context, and has the session run then.
func (o *owner) connect(ctx, within context.Context, d poolcore.Dial) {
	p, log := o.pool, o.pool.log
	p.counts.dials.Add(1)
	begin := time.Now()
	limited := dialing.WithLimits(within, d.Limits, p.cfg.DialTimeout, func(connected bool) { o.overdue(within, d, connected) })
	s, err := p.open(limited, d.Addr, d.Session)
	if err == nil {
		prove, _ := d.Proof.(poolhooks.Proof)
		s, err = p.proven(within, s, prove)
	}
	if err != nil {
		log.Debug().Cut("server", d.Addr, printable.MaxName).Str("error", stated{d.Addr, PhaseDial.String()}.brief(err)).
			Stringer("took", since(begin)).Msg("dial failed")
	}
	if s != nil {
		p.counts.sessions.Add(1) // before a call can find it
		p.times.Track(d.Addr, time.Since(p.origin)+p.offset)
		s.up = time.Now()
		p.live.add(s)
		s.Listen()
	}
	stopped := o.tell(ctx, &mail{Message: poolcore.Dialed{Addr: d.Addr, Session: d.Session, Err: err}, session: s})
	if s == nil {
		return
	}
	if stopped != nil {
		s.End(stopped)
	}
	log.Debug().Cut("server", d.Addr, printable.MaxName).Stringer("took", since(begin)).Msg("session up")
	about := poolhooks.Session{Addr: d.Addr, ID: d.Session, TLS: s.peer != nil}
	if p.hooks.Up != nil {
		p.hooks.Up(about, time.Since(begin))
	}
	o.run(ctx, s, about)
}

// run has a session run until it has ended, in no goroutine while nothing happens to it.
func (o *owner) run(ctx context.Context, s *connection, about poolhooks.Session) {
	begin, release := time.Now(), o.self.Hold()
	s.Attend(ctx, o.pool.ended, func(attend func() (rests bool)) {
		o.self.Go(func(context.Context) {
			rests := false
			defer func() {
				if !rests {
					release()
				}
			}()
			if rests = attend(); !rests {
				o.over(s, about, begin)
			}
		})
	})
}

// over reports that a session is over, which has run since begin.
func (o *owner) over(s *connection, about poolhooks.Session, begin time.Time) {
	p, err := o.pool, s.Cause()
	p.counts.sessions.Add(-1)
	p.live.remove(s)
	if p.hooks.Over != nil {
		p.hooks.Over(about, time.Since(begin), err)
	}
	p.log.Debug().Cut("server", s.Addr, printable.MaxName).Str("error", stated{server: s.Addr}.brief(err)).
		Stringer("lasted", since(begin)).Msg("session over")
}

// since is the time since then, for a log line.
func since(begin time.Time) time.Duration { return time.Since(begin).Round(10 * time.Microsecond) }
