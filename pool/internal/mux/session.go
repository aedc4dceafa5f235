package pool

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"
)

// mux is what a session needs of yamux. Tests put a network in its place whose
// clock they turn.
type mux interface {
	Open() (stream, error)        // blocks while too many opened streams are unanswered
	Accept() (stream, error)      // blocks until the peer opens one
	Ping() (time.Duration, error) // blocks until it is answered, or for long
	CloseChan() <-chan struct{}   // closed when the transport is gone
	IsClosed() bool
	Err() error   // why it is closed; only asked then, and nil before
	Close() error // frees whoever is blocked
}

// stream is one stream of a mux. A past deadline wakes who reads or writes.
type stream interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	SetDeadline(t time.Time) error
	StreamID() uint32
}

// yamuxSession is the real mux.
type yamuxSession struct{ *yamux.Session }

// Open opens a stream; its type is not the interface's, so it is wrapped.
func (y yamuxSession) Open() (stream, error) {
	s, err := y.OpenStream()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Accept waits for a stream that the peer opens; it is wrapped for the same
// reason.
func (y yamuxSession) Accept() (stream, error) {
	s, err := y.AcceptStream()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Err is yamux's own reason for its end, which it tells only to who accepts:
// behind the streams that wait there, which nobody wants any more.
func (y yamuxSession) Err() error {
	if !y.IsClosed() {
		return nil
	}
	for range yamux.DefaultConfig().AcceptBacklog + 1 {
		// yamux picks by chance between its end and a stream that waits; none of
		// these can be accepted any more.
		if _, err := y.AcceptStream(); err != nil && !errors.Is(err, yamux.ErrSessionShutdown) {
			return err
		}
	}
	return yamux.ErrSessionShutdown
}

// timedOut says whether err is that of a passed deadline.
func timedOut(err error) bool {
	e, ok := err.(net.Error) //nolint:errorlint // yamux and the net package give it bare
	return ok && e.Timeout()
}
