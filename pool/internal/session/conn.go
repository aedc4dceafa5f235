package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// ErrHalfClosed says that reading ended because the stream was half-closed for
// too long: the peer may have had more to send.
var ErrHalfClosed = errors.New("stream was cut: 5 min after CloseWrite the transport gives it up")

// conn is one stream as a net.Conn. It counts as in use on its session from
// before it was made until release, which is called exactly once: after Close,
// or after the session has ended it.
type conn struct {
	stream  mux.Stream
	session *session
	release func()

	rest    atomic.Pointer[[]byte] // read with the acknowledgement; nil: nothing
	inside  *crew                  // the callers in yamux; its founder is the conn
	writing chan struct{}          // has room for whose turn it is to write
	writeBy atomic.Pointer[time.Time]
	ended   atomic.Pointer[error] // why no more is read or written; nil: it is open
	half    atomic.Int64          // when CloseWrite was called, in Unix nanoseconds
	eof     atomic.Bool           // the peer's end was read
	let     func() bool           // stops the session's watch over the conn
}

// newConn makes a conn of a stream that is open, or has been.
func (s *session) newConn(st mux.Stream, rest []byte, release func()) *conn {
	c := &conn{stream: st, session: s, release: release, inside: newCrew(), writing: make(chan struct{}, 1)}
	if len(rest) > 0 {
		c.rest.Store(&rest)
	}
	c.let = context.AfterFunc(s.ctx, func() { c.end(broken(context.Cause(s.ctx))) })
	return c
}

// enter counts the caller in, who must leave c.inside, or says why the conn has
// ended.
func (c *conn) enter() error {
	if !c.inside.enter() {
		return c.explain(net.ErrClosed)
	}
	if c.ended.Load() != nil {
		c.inside.leave()
		return c.explain(net.ErrClosed)
	}
	return nil
}

// Read reads what the peer sent. The error is io.EOF once the peer has closed its
// side, net.ErrClosed after Close, os.ErrDeadlineExceeded, or why the stream or
// its session broke: a session's end is never io.EOF. It does not wait for the
// transport, unless the peer is to be told that it may send more; if that takes 10 s
// the conn ends (ErrStalled).
func (c *conn) Read(b []byte) (int, error) {
	for rest := c.rest.Load(); rest != nil && c.ended.Load() == nil; rest = c.rest.Load() {
		n := min(len(b), len(*rest))
		left := (*rest)[n:]
		next := &left
		if len(left) == 0 {
			next = nil
		}
		if c.rest.CompareAndSwap(rest, next) {
			return copy(b, (*rest)[:n]), nil
		}
	}
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.inside.leave()
	n, err := c.stream.Read(b)
	if err == nil {
		return n, nil
	}
	return n, c.failed(err)
}

// Close ends the stream in both directions and never blocks. What was written
// still goes out. Who reads or writes gets net.ErrClosed.
func (c *conn) Close() error {
	c.let()
	if !c.end(net.ErrClosed) {
		if why := *c.ended.Load(); !errors.Is(why, net.ErrClosed) {
			return nil // it ended before; the first Close is a good one
		}
		return net.ErrClosed
	}
	return nil
}

// end closes the conn for the given reason, once.
func (c *conn) end(why error) bool {
	if !c.ended.CompareAndSwap(nil, &why) {
		return false
	}
	_ = c.stream.SetDeadline(time.Unix(1, 0))
	if !c.session.crew.join(c.finish) {
		c.inside.leave()
		c.release() // the session is over, and its streams with it
	}
	return true
}

// How long a closed stream waits for the peer to close its side too, and how
// much it discards meanwhile: more than what was under way when the peer learned.
const (
	lingerTime  = 10 * time.Second
	lingerBytes = 1 << 20
)

// finish is the end of a conn, in a goroutine of the session's crew: it waits for
// who is still in yamux, closes, and resets a stream whose peer does not.
func (c *conn) finish() {
	defer c.release()
	c.inside.leave()
	<-c.inside.gone
	_ = c.stream.Close() // fails only with the session
	c.session.linger(c.stream)
	c.session.conn.Routes.Remove(c.stream.StreamID())
}

// linger waits for the peer's end of a stream that was closed here.
func (s *session) linger(st mux.Stream) {
	_ = st.SetReadDeadline(time.Now().Add(lingerTime))
	defer context.AfterFunc(s.ctx, func() { _ = st.SetReadDeadline(time.Unix(1, 0)) })()
	buf := make([]byte, 4<<10)
	for n := 0; n < lingerBytes; {
		got, err := st.Read(buf)
		if n += got; err == nil {
			continue
		}
		if mux.TimedOut(err) || errors.Is(err, mux.ErrWriteTimeout) {
			break
		}
		return // the peer has closed, or reset, or the session is over
	}
	if !s.over() {
		s.reset(st)
	}
}

// explain says what an error of yamux means here.
func (c *conn) explain(err error) error {
	s := c.session
	if why := c.ended.Load(); why != nil {
		return *why
	}
	switch {
	case mux.TimedOut(err):
		return os.ErrDeadlineExceeded
	case errors.Is(err, io.EOF):
		half := c.half.Load()
		switch {
		case c.eof.Load():
		case s.over():
			return broken(s.cause()) // yamux ends every stream that way
		case half != 0 && time.Since(time.Unix(0, half)) >= mux.HalfClosedLimit:
			return ErrHalfClosed
		}
		c.eof.Store(true)
		return io.EOF
	case errors.Is(err, mux.ErrStreamClosed):
		return net.ErrClosed
	case s.over():
		return broken(s.cause())
	}
	return err
}

// broken is why a session ended, as its streams see it: the transport's end is
// not theirs.
func broken(cause error) error {
	if errors.Is(cause, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return cause
}

// LocalAddr is that of the session's transport.
func (c *conn) LocalAddr() net.Addr { return c.session.conn.LocalAddr() }

// RemoteAddr is that of the session's transport.
func (c *conn) RemoteAddr() net.Addr { return c.session.conn.RemoteAddr() }

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	c.writeBy.Store(&t)
	return c.deadline(t, mux.Stream.SetDeadline)
}

// SetReadDeadline bounds pending and future reads; the zero time removes it.
func (c *conn) SetReadDeadline(t time.Time) error { return c.deadline(t, mux.Stream.SetReadDeadline) }

// SetWriteDeadline bounds pending and future writes; the zero time removes it.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.Store(&t)
	return c.deadline(t, mux.Stream.SetWriteDeadline)
}

func (c *conn) deadline(t time.Time, set func(mux.Stream, time.Time) error) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.inside.leave()
	err := set(c.stream, t)
	if c.ended.Load() != nil {
		_ = c.stream.SetDeadline(time.Unix(1, 0)) // it crossed with the end, which wakes all
		return c.explain(net.ErrClosed)
	}
	return err
}
