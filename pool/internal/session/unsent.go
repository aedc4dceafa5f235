package session

import (
	"time"
)

// A large request takes its time on a slow line, and a ping waits behind it: while it may
// be on its way the session is not suspect although nothing comes in. How much is on its
// way, each large call knows by what the server has taken of it (the window). Each byte
// that the server takes excuses the session anew.

// watchUnsent begins to count a request that is about to be sent, unless it is small. The
// acknowledged part of it is what the route's window has grown by.
func (w *waiter) watchUnsent(l *callStream) {
	if l.size() > smallRequest || l.more() {
		w.route, w.sentOf, w.window = l.route, &l.sent, l.route.Window.Load()
	}
}

// handedOver notes that more of the request was handed over.
func (w *waiter) handedOver() {
	if w.route == nil {
		return
	}
	now := w.session.cfg.now()
	if w.countUnsent(now) && w.sent > 0 {
		w.sentAt = now
	}
}

// countUnsent counts what of the request is on its way, and reports whether that changed.
func (w *waiter) countUnsent(now time.Duration) bool {
	if w.route == nil {
		return false
	}
	before := w.unsent
	if !w.count(now, int64(*w.sentOf), w.window-w.route.Window.Load()) {
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
