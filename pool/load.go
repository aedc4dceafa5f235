package pool

import "time"

// What goes out over a slow line takes its time, and a ping waits behind it: while it may
// be on its way the session is not suspect although nothing comes in. How much that is,
// each large call knows by what its server has taken of it (its window), and with each
// byte that the server takes the session is spared anew.

// weigh begins to count what the lane's request puts on its way, if it is large.
func (w *patience) weigh(l *lane) {
	if len(l.lent.request) > atOnce {
		w.lane, w.window = l, l.route.Window.Load()
	}
}

// handed notes that more of the request was handed over.
func (w *patience) handed() {
	if w.lane == nil {
		return
	}
	now := time.Since(w.session.pool.origin)
	if w.load(now) && w.sent > 0 {
		w.sentAt = now
	}
}

// load notes what of the request is on its way, and reports whether that has changed.
func (w *patience) load(now time.Duration) bool {
	if w.lane == nil {
		return false
	}
	before := w.onTheWay
	if !w.takes(now, int64(w.lane.sent), w.window-w.lane.route.Window.Load()) {
		return false
	}
	s := w.session
	s.spare.Store(int64(now + onTheLine(s.laden.Add(w.onTheWay-before))))
	return true
}

// unload ends the count. What there is no more to wait for spares nothing.
func (w *patience) unload() {
	if s := w.session; w.onTheWay != 0 && s.laden.Add(-w.onTheWay) == 0 {
		s.spare.Store(0)
	}
}

// burden spares the session for as long as a piece of a stream may take with what else is
// on its way: nobody knows when the server takes it.
func (s *session) burden(more int64) {
	until := int64(time.Since(s.pool.origin) + onTheLine(s.laden.Load()+more))
	for at := s.spare.Load(); at < until; at = s.spare.Load() {
		if s.spare.CompareAndSwap(at, until) {
			return
		}
	}
}

// spared is for how long the session is spared from now on; it may be negative.
func (s *session) spared() time.Duration {
	return time.Duration(s.spare.Load()) - time.Since(s.pool.origin)
}
