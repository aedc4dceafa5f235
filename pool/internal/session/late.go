package session

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// checkLate reports a call that waits for longer than its method usually takes, while no
// call on the session is answered, and returns after which time to look again. It looks
// less and less often: a call that takes long costs a Status.Ping now and then.
func (w *waiter) checkLate(now, waited time.Duration) time.Duration {
	s, floor := w.session, w.session.cfg.SilenceLimit
	if w.quiet || w.method == "" { // nothing was sent that is to be answered
		return Longest
	}
	answered := time.Duration(s.conn.Signs.Answered.Load())
	waited -= w.block
	limit := floor
	if w.block == 0 {
		if w.reported > 0 && answered > w.reported {
			// The server serves: this call takes as long as it does.
			s.cfg.Usual.Waited(s.Addr, w.method, waited)
			w.reported = 0
		}
		limit = s.cfg.Usual.Late(s.Addr, w.method)
	}
	again, late := poolcore.LateIn(waited, now-max(answered, w.begin+w.block), limit, floor)
	if late {
		w.reported = now
		s.cfg.Notify.TryTell(poolcore.Late{Session: s.ID, Probe: w.probe})
	}
	return again
}

// answered learns from a call that was answered.
func (w *waiter) answered() {
	if s := w.session; w.block == 0 && !w.quiet {
		at := time.Duration(s.conn.Signs.Answered.Load())
		s.cfg.Usual.Answered(s.Addr, w.method, at, at-w.begin)
	}
}

// unanswered reports a caller that leaves, if nothing has come in, or no call was
// answered, since its call began. Of the second not all callers count (poolcore.LeavesLate).
func (w *waiter) unanswered() {
	s, floor := w.session, w.session.cfg.SilenceLimit
	if w.quiet {
		return
	}
	silent := s.conn.Signs.Read.Load() <= int64(w.begin)
	var late time.Time
	if s.conn.Signs.Answered.Load() <= int64(w.begin) {
		now, last := s.cfg.now(), s.lastLeft.Load()
		if poolcore.LeavesLate(now-w.begin, now-time.Duration(last), floor) && s.lastLeft.CompareAndSwap(last, int64(now)) {
			late = s.cfg.Origin.Add(w.begin + s.cfg.Usual.Late(s.Addr, w.method))
		}
	}
	if silent || !late.IsZero() {
		s.cfg.Notify.TryTell(poolcore.Unanswered{
			Session: s.ID, Since: s.cfg.Origin.Add(w.begin), Probe: w.probe, Silent: silent, Late: late,
		})
	}
}
