package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// HoldError says that a server has not answered a call for as long as it may hold
// one, whether it is alive or not.
type HoldError struct {
	Limit time.Duration // Config.HoldTimeout and what a blocking query asked for
}

func (e *HoldError) Error() string {
	return fmt.Sprintf("the server has not answered within %v", e.Limit)
}

// held is how long a server may hold a blocking query: what was asked for, and
// the sixteenth it adds to spread its answers.
func held(block time.Duration) time.Duration { return block + block/16 }

// await waits for the result of the exchange that was handed over: for the lane,
// for ctx, for the server. It answers nil if there is one; otherwise how far the
// exchange had come, and the lane, or what is left of it, counts the call out.
//
// A call that waits is a witness: when it is overdue and nothing at all has come
// in, it says so to the owner, again and again.
func (l *lane) await(ctx context.Context, block time.Duration) (Phase, error) {
	s := l.session
	begin := time.Since(s.pool.origin)
	limit := held(block) + s.pool.cfg.HoldTimeout
	l.watch.Reset(held(block) + s.pool.cfg.SilenceLimit)
	defer l.watch.Stop()
	over := s.ctx.Done()
	for {
		var why error
		select {
		case <-over:
			over = nil
			l.wake() // what has come in is still read, and then it is done
			continue
		case <-l.results:
			return 0, nil
		case <-l.gone:
			if at, left := l.abandon(); left {
				s.leave()
				return at, s.cause()
			}
			<-l.results // it is there
			return 0, nil
		case <-ctx.Done():
			why = ctx.Err()
		case <-l.watch.C:
			waited := time.Since(s.pool.origin) - begin
			if waited < limit {
				l.watch.Reset(min(s.overdue(), limit-waited))
				continue
			}
			why = &HoldError{Limit: limit}
		}
		at, left := l.abandon()
		if !left {
			<-l.results // it is there
			return 0, nil
		}
		if at >= PhaseWrite && block == 0 {
			s.unanswered(begin)
		}
		return at, why
	}
}

// overdue tells the owner of a call that waits while nothing comes in, and
// answers after which time to look again.
func (s *session) overdue() time.Duration {
	limit, silence := s.pool.cfg.SilenceLimit, s.tap.silence()
	if silence < limit {
		return limit - silence
	}
	// A full mailbox loses it; the next look repeats it.
	_ = s.pool.actor.TryTell(mail{Pool: messages.Overdue{Addr: s.addr, Session: s.id}})
	return limit
}

// unanswered tells the owner of a caller that leaves, if nothing has come in
// since its call began.
func (s *session) unanswered(begin time.Duration) {
	if s.tap.lastRead.Load() <= int64(begin) {
		_ = s.pool.actor.TryTell(mail{Pool: messages.Unanswered{
			Addr: s.addr, Session: s.id, Since: s.pool.origin.Add(begin),
		}})
	}
}

// Corroborate tells that another server answers while addr is silent. It is the
// answer to Config.Suspect. The errors are ctx.Err and ErrStopped.
func (p *Pool) Corroborate(ctx context.Context, addr string) error {
	return p.actor.Tell(ctx, mail{Pool: messages.Corroborated{Addr: addr}})
}
