package session

import "time"

// A large request takes its time on a slow line, and a ping waits behind it: while it may
// be on its way the session is not suspect although nothing comes in. How much is on its
// way, each large call knows by what the server has taken of it (the window). Each byte
// that the server takes excuses the session anew.

// watchUnsent begins to count if the request of l is large.
func (w *waiter) watchUnsent(l *callStream) {
	if len(l.buf.request) > smallRequest {
		w.stream, w.window = l, l.route.Window.Load()
	}
}

// handedOver notes that more of the request was handed over.
func (w *waiter) handedOver() {
	if w.stream == nil {
		return
	}
	now := w.session.cfg.now()
	if w.countUnsent(now) && w.sent > 0 {
		w.sentAt = now
	}
}

// countUnsent counts what of the request is on its way, and reports whether that changed.
func (w *waiter) countUnsent(now time.Duration) bool {
	if w.stream == nil {
		return false
	}
	before := w.unsent
	if !w.count(now, int64(w.stream.sent), w.window-w.stream.route.Window.Load()) {
		return false
	}
	s := w.session
	s.excused.Store(int64(now + onTheLine(s.unsent.Add(w.unsent-before))))
	return true
}

// forgetUnsent ends the count: what no call waits for excuses nothing.
func (w *waiter) forgetUnsent() {
	if s := w.session; w.unsent != 0 && s.unsent.Add(-w.unsent) == 0 {
		s.excused.Store(0)
	}
}

// excuse excuses the session for as long as bytes of a streaming connection may take,
// with what else is on its way. When the server takes them is not known.
func (s *Session) excuse(bytes int64) {
	until := int64(s.cfg.now() + onTheLine(s.unsent.Load()+bytes))
	for at := s.excused.Load(); at < until; at = s.excused.Load() {
		if s.excused.CompareAndSwap(at, until) {
			return
		}
	}
}
