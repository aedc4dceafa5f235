package mux

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Single is a Session without yamux: of one stream, which the peer has opened and which is the
// connection itself, behind bytes that were read from it already. The connection has no other
// reader or writer, so a Write on the stream blocks as that of the connection does. Where both
// sides have closed the stream, the session still has to be closed.
func Single(c *Conn, first []byte) Session {
	s := &single{conn: c, stream: make(chan Stream, 1), closed: make(chan struct{})}
	s.stream <- &singleStream{session: s, first: first}
	return s
}

// single is a Session of one stream.
type single struct {
	conn   *Conn
	stream chan Stream // has the stream until it is accepted
	closed chan struct{}
	once   atomic.Bool
}

// errSingle is why no stream is opened, and no ping sent.
var errSingle = errors.New("the connection carries one stream of its peer's, and nothing else")

func (s *single) Open() (Stream, error) { return nil, errSingle }

func (s *single) Accept() (Stream, error) {
	select {
	case st := <-s.stream:
		return st, nil
	case <-s.closed:
		return nil, io.EOF
	}
}

func (s *single) Ping() (time.Duration, error) { return 0, errSingle }

func (s *single) CloseChan() <-chan struct{} { return s.closed }

func (s *single) Err() error {
	if s.IsClosed() {
		return io.EOF
	}
	return nil
}

func (s *single) IsClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

func (s *single) Close() error {
	if s.once.CompareAndSwap(false, true) {
		close(s.closed)
		_ = s.conn.Close()
	}
	return nil
}

// singleStream is the stream of a single. One goroutine reads at a time.
type singleStream struct {
	session *single
	first   []byte // read already
}

// Read reads from the connection.
func (s *singleStream) Read(b []byte) (int, error) {
	if n := copy(b, s.first); n > 0 {
		s.first = s.first[n:]
		return n, nil
	}
	c := s.session.conn
	n, err := c.transport.Conn.Read(b)
	if n > 0 {
		c.received(n)
		now := int64(time.Since(c.cfg.Origin))
		c.Signs.Read.Store(now)
		c.Signs.Data.Store(now)
	}
	switch {
	case err == nil, TimedOut(err), errors.Is(err, io.EOF):
	default:
		c.fail(err)
		_ = s.session.Close()
	}
	return n, err
}

// Write writes to the connection.
func (s *singleStream) Write(b []byte) (int, error) {
	c := s.session.conn
	n, err := c.write(b, nil)
	if err != nil && !TimedOut(err) {
		c.fail(err)
		_ = s.session.Close()
	}
	return n, err
}

// Close ends this side; where the connection cannot do that, it ends as a whole.
func (s *singleStream) Close() error {
	half, can := s.session.conn.transport.Conn.(interface{ CloseWrite() error })
	if !can || half.CloseWrite() != nil {
		return s.session.Close()
	}
	return nil
}

// Reset ends both sides with what is under way on them.
func (s *singleStream) Reset() {
	if tcp, ok := s.session.conn.transport.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a RST; it fails where the connection is over
	}
	_ = s.session.Close()
}

func (s *singleStream) SetReadDeadline(t time.Time) error {
	return s.session.conn.SetReadDeadline(t)
}

func (s *singleStream) SetWriteDeadline(t time.Time) error {
	return s.session.conn.SetWriteDeadline(t)
}

func (s *singleStream) SetDeadline(t time.Time) error { return s.session.conn.SetDeadline(t) }

// StreamID is 1, the first of a peer that has dialed.
func (s *singleStream) StreamID() uint32 { return 1 }

// ClosesConn reports whether a Session closes its Conn when it has ended, as those of Start and
// Single do: Conn.OnClose tells of its end then. Tests have others.
func ClosesConn(s Session) bool {
	switch s.(type) {
	case session, *single:
		return true
	}
	return false
}
