package pool

import (
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// laneOpening is a lane on its way to a stream. yamux may block while the transport
// takes nothing, so a goroutine of the crew opens it; whose the lane is then depends on
// whether its caller still waits.
type laneOpening struct {
	settled atomic.Bool // by the result or by the caller's leaving, whichever is first
	done    chan struct{}
	err     error
}

// open waits for a stream: of the lane, or of another one that has become idle
// meanwhile, which then carries the request in its place and is answered. A caller that
// leaves while the stream is opened leaves the lane to the goroutine that opens it.
func (l *lane) open(w *patience) (carrier *lane, left bool, err error) {
	s := l.session
	idle, err := w.token(s.free)
	switch {
	case err != nil:
		return l, false, err
	case idle != nil:
		idle.adopt(l)
		return idle, false, nil
	}
	if !s.crew.join(l.opens) {
		return l, false, s.cause()
	}
	ready, err := w.await(l.opening.done, nil)
	if ready {
		w.lookEarly()
		return l, false, l.opening.err
	}
	w.watch.Stop() // while it is still this caller's
	s.unopened()
	lent := l.lent
	l.lent = nil // from then on the lane may be another caller's
	if l.opening.settled.CompareAndSwap(false, true) {
		lent.put()
		return l, true, err
	}
	l.lent = lent
	<-l.opening.done // the stream is there, and is discarded
	return l, false, err
}

// adopt takes over a request that was encoded for another lane, of which nothing was
// sent.
func (l *lane) adopt(from *lane) {
	l.lent, from.lent = from.lent, nil
	l.seq, l.sent = from.seq, 0
	l.unframed()
}

// opens opens the stream and hands the lane over, or keeps it for the next call.
func (l *lane) opens() {
	s := l.session
	err := l.plug()
	l.opening.err = err
	if l.opening.settled.CompareAndSwap(false, true) {
		l.opening.done <- struct{}{}
		return
	}
	if err == nil {
		s.put(l) // the caller has left
	}
}

// plug opens the stream. The mode byte follows at once: a server reads it in its
// accept loop, and a stream without it stalls those behind it.
func (l *lane) plug() error {
	s := l.session
	if s.leaving() {
		s.conn.Opens.Return()
		return ErrLeaving
	}
	st, err := s.openStream()
	if err != nil {
		return err
	}
	l.stream, l.route = st, s.conn.Routes.Add(st.StreamID())
	to := mux.Receiver(l)
	l.route.Receiver.Store(&to)
	l.route.Window.Add(-1)
	mode := new(mux.Frame)
	mode.SetData(st.StreamID(), append(make([]byte, mux.HeadSize), wire.ModeRPC))
	s.conn.Send(mode)
	return nil
}
