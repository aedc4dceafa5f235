package pool

import (
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// laneOpening is a lane on its way to a stream. yamux blocks while too many streams
// are unanswered, so a goroutine of the crew opens it; whose the lane is then
// depends on whether its caller still waits.
type laneOpening struct {
	settled atomic.Bool // by the result or by the caller's leaving, whichever is first
	done    chan struct{}
	err     error
}

// open waits for the lane's stream. A caller that leaves meanwhile leaves the lane
// to the goroutine that opens it.
func (l *lane) open(w *patience) (left bool, err error) {
	if err := l.session.mayOpen(); err != nil {
		return false, err
	}
	if !l.session.crew.join(l.opens) {
		return false, l.session.cause()
	}
	ready, err := w.await(l.opening.done, nil)
	if ready {
		return false, l.opening.err
	}
	w.watch.Stop() // while it is still this caller's
	lent := l.lent
	l.lent = nil // from then on the lane may be another caller's
	l.session.adrift.Add(1)
	if l.opening.settled.CompareAndSwap(false, true) {
		lent.put()
		return true, err
	}
	l.session.adrift.Add(-1)
	l.lent = lent
	<-l.opening.done // the stream is there, and is discarded
	return false, err
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
	// The caller has left.
	s.adrift.Add(-1)
	if err == nil {
		s.put(l)
	}
}

// plug opens the stream. The mode byte follows at once: a server reads it in its
// accept loop, and a stream without it stalls those behind it.
func (l *lane) plug() error {
	s := l.session
	if s.leaving() {
		return ErrLeaving
	}
	st, err := s.openStream()
	if err != nil {
		return err
	}
	l.stream, l.port = st, s.tap.ports.add(st.StreamID())
	l.port.lane.Store(l)
	l.port.window.Add(-1)
	mode := &outgoing{bytes: append(make([]byte, frameHead), wire.ModeRPC)}
	putHead(mode.bytes, frameData, 0, st.StreamID(), 1)
	s.tap.send(mode)
	return nil
}
