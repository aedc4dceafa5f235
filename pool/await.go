package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// HoldError says that a server has not answered a call for as long as it may hold
// one, whether it is alive or not, or that its answer stopped on the way.
type HoldError struct {
	Limit    time.Duration // Config.HoldTimeout, or Request.Hold, and what a blocking query asked for, unless the answer had begun
	Received int64         // bytes of the answer that came; 0: it had not begun
}

func (e *HoldError) Error() string {
	if e.Received > 0 {
		return fmt.Sprintf("the answer stopped after %d bytes: nothing more, or hardly anything, came for %v", e.Received, e.Limit)
	}
	return fmt.Sprintf("the server has not answered within %v", e.Limit)
}

// held is how long a server may hold a blocking query: what was asked for, or the
// most it gives, and the sixteenth it adds to spread its answers.
func held(block time.Duration) time.Duration {
	block = min(block, longestBlock)
	return block + block/16
}

// patience is what a call waits with: for a result, for its context, for the
// server. A call that waits is a witness: when it is overdue and nothing at all has
// come in, it says so to the owner, again and again.
type patience struct {
	session *session
	ctx     context.Context
	watch   *time.Timer
	extra   extension
	headway
	answer  *incoming       // what has come of the answer
	lane    *lane           // that carries a large request; nil: there is none
	window  int64           // its window before that
	moved   <-chan struct{} // closed when the call is to be made elsewhere; nil: never
	retired <-chan struct{} // closed when the session is, which is the same to it
	due     time.Duration   // when the watch is to fire, since the pool's origin
	share                   // of the attempt in its call's time

	method   string
	deserted <-chan struct{} // closed when the session's server answers no calls and this one is to be made elsewhere; nil: never
	told     time.Duration   // when the owner was told that the call is late; 0: not since one was answered
	quiet    bool            // the call is the owner's own
}

// patience begins to wait, hold beyond what block asks for, 0 for Config.HoldTimeout;
// the watch must be stopped in the end.
func (s *session) patience(ctx context.Context, watch *time.Timer, block, hold time.Duration) patience {
	held := held(block)
	if hold <= 0 {
		hold = s.pool.cfg.HoldTimeout
	}
	w := patience{session: s, ctx: ctx, watch: watch}
	w.headway = headway{begin: time.Since(s.pool.origin), hold: min(hold, longest), held: held}
	w.look(w.begin, min(held+s.pool.cfg.SilenceLimit, held+w.hold))
	return w
}

// look has the watch fire after a while.
func (w *patience) look(now, after time.Duration) {
	after = w.share.next(now, after)
	w.due = now + after
	w.watch.Reset(after)
}

// await waits for done, and then answers true, or for some. The error is why it
// gave up; done may be there all the same.
func (w *patience) await(done, some <-chan struct{}) (bool, error) {
	s := w.session
	for {
		select {
		case <-done:
			return true, nil
		case <-some:
			return false, nil
		case <-s.ctx.Done():
			return false, s.cause()
		case <-w.ctx.Done():
			return false, w.ctx.Err()
		case <-w.moved:
			if !w.stays() {
				return false, ErrMoved
			}
		case <-w.retired:
			if !w.stays() {
				return false, s.elsewhere()
			}
		case <-w.deserted:
			if !w.comes() {
				return false, s.unserved
			}
		case <-w.watch.C:
			if err := w.fired(); err != nil {
				return false, err
			}
		}
	}
}

// fired follows the watch: an error, such as a *HoldError, or the watch is set anew.
func (w *patience) fired() error {
	s, now := w.session, time.Since(w.session.pool.origin)
	w.update(now)
	w.load(now)
	until := w.until()
	// So late only because this process was not run. The answer may have come in long
	// ago: who reads it was not run either.
	stood := now-w.due >= s.pool.cfg.SilenceLimit
	switch {
	case w.share.due(now, w.due):
		return w.expired(now)
	case w.extra.why != nil && !stood && w.extra.over(now, &w.headway):
		return w.elapsed(now, w.extra.why)
	case w.extra.why == nil && w.early(now):
	case now < until:
		w.look(now, min(s.overdue(), w.overtime(now, now-w.begin), until-now, w.extra.left(now, &w.headway)))
	case stood:
		w.look(now, s.pool.cfg.SilenceLimit)
	case w.received > 0:
		return &HoldError{Limit: w.hold, Received: w.received}
	default:
		return &HoldError{Limit: w.held + w.hold}
	}
	return nil
}

// update notes what has come of the answer.
func (w *patience) update(now time.Duration) {
	if w.answer == nil {
		return
	}
	w.heardAt, w.received = time.Duration(w.answer.last.Load()), w.answer.bytes.Load()
	if w.heard == 0 && w.heardAt > 0 {
		w.heard = now
	}
}

// stays reports whether a call that is to be made elsewhere ends where it is: its
// answer is coming in, and would have to come anew.
func (w *patience) stays() bool {
	if w.update(time.Since(w.session.pool.origin)); w.received == 0 {
		return false
	}
	w.moved, w.retired = nil, nil
	return true
}

// comes is stays for a call whose server answers no others: a few bytes are no answer on
// its way.
func (w *patience) comes() bool {
	if w.update(time.Since(w.session.pool.origin)); w.received < slowestCall {
		return false
	}
	w.moved, w.retired, w.deserted = nil, nil, nil
	return true
}

// overdue tells the owner of a call that waits while nothing comes in, and
// answers after which time to look again.
func (s *session) overdue() time.Duration {
	limit, silence := s.pool.cfg.SilenceLimit, s.tap.silence()
	if left := max(limit-silence, s.spared()); left > 0 {
		return left
	}
	// A full mailbox loses it; the next look repeats it.
	_ = s.pool.actor.TryTell(mail{Pool: messages.Overdue{Addr: s.addr, Session: s.id}})
	return limit
}

// Corroborate tells that another server answers while addr is silent, or leaves calls
// unanswered. It is the answer to Config.Suspect. The errors are ctx.Err and ErrStopped.
func (p *Pool) Corroborate(ctx context.Context, addr string) error {
	return p.actor.Tell(ctx, mail{Pool: messages.Corroborated{Addr: addr}})
}
