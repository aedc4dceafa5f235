package session

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// open waits for a stream: of l, or of another call stream that has become idle in the
// meantime. carrier is the one that carries the request. left reports that the caller
// gave up and l belongs to the goroutine that opens it.
func (l *callStream) open(w *waiter) (carrier *callStream, left bool, err error) {
	s := l.session
	idle, err := w.openToken(l.idle)
	switch {
	case err != nil:
		return l, false, err
	case idle != nil:
		idle.adopt(l)
		return idle, false, nil
	}
	if !s.group.run(l.openAndSettle) {
		return l, false, s.Cause()
	}
	opening := l.opening
	ready, err := w.wait(opening.done, nil)
	if ready {
		w.lookEarly()
		l.opening = nil
		return l, false, opening.err
	}
	w.timer.Stop() // while it is still this caller's
	s.reportUnopened()
	buf := l.buf
	l.buf = nil // from here on l may be another caller's
	if opening.settled.CompareAndSwap(false, true) {
		buf.release()
		return l, true, err
	}
	l.buf = buf
	<-opening.done // the stream is open, and is discarded
	return l, false, err
}

// adopt takes over a request that was encoded for another call stream and not sent.
func (l *callStream) adopt(from *callStream) {
	l.buf, from.buf = from.buf, nil
	l.timer, from.timer = from.timer, l.timer // the waiter has it
	l.seq = from.seq
	l.unsent()
}

// openAndSettle opens the stream and hands l over.
func (l *callStream) openAndSettle() {
	err := l.openNow()
	opening := l.opening
	opening.err = err
	if opening.settled.CompareAndSwap(false, true) {
		opening.done <- struct{}{}
		return
	}
	if err == nil {
		l.opening = nil
		l.put()
	}
}

// openNow opens the stream. The mode byte follows at once: a server (Nomad 2.0.6, nomad/rpc.go) reads it in its accept
// loop, and a stream without it stalls those behind it.
func (l *callStream) openNow() error {
	s := l.session
	if s.Leaving() {
		s.conn.Opens.Return()
		return ErrLeaving
	}
	st, err := s.openStream()
	if err != nil {
		return err
	}
	l.stream, l.route = st, s.conn.Routes.Add(st.StreamID())
	to := mux.Receiver(l)
	wide := l.widen()
	l.route.Receiver.Store(&to)
	l.route.Window.Add(-1)
	mode := new(mux.Frame)
	mode.SetData(st.StreamID(), append(make([]byte, mux.HeadSize), wire.ModeRPC))
	s.conn.Send(mode)
	if wide != nil {
		s.conn.Send(wide)
	}
	return nil
}

// widen gives a new stream a window that other replies of the session have needed, or a large one
// would wait for leave at first. The frame tells the peer; nil: the window is that of any stream.
func (l *callStream) widen() *mux.Frame {
	more := l.session.path.openWith(&l.meter.beyond)
	if more == 0 {
		return nil
	}
	l.meter.size += more
	l.window = int(l.meter.size)
	l.credit = new(mux.Frame)
	l.credit.SetWindow(l.route.Stream, uint32(more))
	return l.credit
}

// openToken waits until a stream may be opened, or returns a call stream of idle, which
// may be nil. The error is why neither came.
func (w *waiter) openToken(idle *idleStreams) (*callStream, error) {
	s := w.session
	o := &s.conn.Opens
	select {
	case <-o.Tokens():
		o.Took(s.cfg.now())
		return nil, nil
	default:
	}
	w.lookEarly()
	var few, others <-chan *callStream
	if idle != nil {
		few, others = idle.few, idle.beyond()
	}
	for {
		select {
		case <-o.Tokens():
			o.Took(s.cfg.now())
			return nil, nil
		case l := <-few:
			return l, nil
		case l := <-others:
			return l, nil
		case <-s.ctx.Done():
			return nil, s.Cause()
		case <-s.conn.Leaving():
			return nil, ErrLeaving
		case <-s.deserted:
			return nil, s.unserved // nothing was sent
		case <-w.ctx.Done():
			s.reportUnopened()
			return nil, w.noStream(w.ctx.Err())
		case <-w.moved:
			return nil, ErrMoved
		case <-w.retiring:
			return nil, s.moved
		case <-w.timer.C:
			if err := w.check(); err != nil {
				return nil, w.noStream(err)
			}
		}
	}
}

// noStream is cause, with ErrNoStream if no stream was acknowledged for the silence limit.
func (w *waiter) noStream(cause error) error {
	s := w.session
	if s.cfg.now()-s.conn.Opens.Since() < s.cfg.SilenceLimit {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrNoStream, cause)
}
