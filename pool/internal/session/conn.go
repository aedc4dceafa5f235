package session

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// past is a deadline that is over.
var past = time.Unix(1, 0) //nolint:forbidigo // nothing is measured with it

// Conn is one stream as a net.Conn. It counts as in flight on its session until release,
// which is called once: after Close, or after the session has ended it.
type Conn struct {
	stream  mux.Stream
	session *base
	release func()

	early   atomic.Pointer[[]byte] // read together with the acknowledgement; nil: nothing
	inside  *group                 // the callers in yamux, and the Conn itself
	writing chan struct{}          // has room for one: the caller that writes
	writeBy atomic.Pointer[time.Time]
	ended   atomic.Pointer[error] // why no more is read or written; nil: it is open
	half    atomic.Int64          // when CloseWrite was called, as Config.now; 0: it was not
	eof     atomic.Bool           // the peer's end was read
	reset   atomic.Bool           // by this side, in place of an orderly end
	unwatch func() bool           // stops waiting for the session's end
	made    *made                 // of its last request; nil: a stream of the agent's, on which nothing is asked
}

// newConn makes a Conn of a stream that was opened.
func (s *base) newConn(st mux.Stream, early []byte, release func()) *Conn {
	c := &Conn{stream: st, session: s, release: release, inside: newGroup(), writing: make(chan struct{}, 1)}
	if len(early) > 0 {
		c.early.Store(&early)
	}
	c.unwatch = context.AfterFunc(s.ctx, func() { c.end(streamCause(context.Cause(s.ctx)), s.group.do) })
	return c
}

// Codec is that of the pool.
func (c *Conn) Codec() Codec { return c.session.cfg.Codec }

// Charge has what dec makes of a request on c counted, until the next one or the end of c; dec
// refuses one for which there is no room. It does nothing for a stream of the agent's.
func (c *Conn) Charge(dec *wire.Decoder) {
	if c.made != nil {
		dec.Charge(func(bytes uint64) error { return c.made.hold(bytes, 0) })
	}
}

// enter counts the caller in; the caller must leave c.inside. The error is why c has ended.
func (c *Conn) enter() error {
	if !c.inside.enter() {
		return c.explain(net.ErrClosed)
	}
	if c.ended.Load() != nil {
		c.inside.leave()
		return c.explain(net.ErrClosed)
	}
	return nil
}

// Read reads what the peer sent. The error is io.EOF once the peer has closed its side,
// net.ErrClosed after Close, os.ErrDeadlineExceeded, or why the stream or its session
// broke (ErrOverrun): a session's end is never io.EOF. It never waits for the transport.
func (c *Conn) Read(b []byte) (int, error) {
	for early := c.early.Load(); early != nil && c.ended.Load() == nil; early = c.early.Load() {
		n := min(len(b), len(*early))
		left := (*early)[n:]
		next := &left
		if len(left) == 0 {
			next = nil
		}
		if c.early.CompareAndSwap(early, next) {
			return copy(b, (*early)[:n]), nil
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

// Close ends the stream in both directions and never blocks. What was written is still
// sent. Callers that read or write get net.ErrClosed.
func (c *Conn) Close() error { return c.close(c.session.group.run) }

// close is Close, where run does what end says.
func (c *Conn) close(run func(func()) bool) error {
	c.unwatch()
	if !c.end(net.ErrClosed, run) {
		if why := *c.ended.Load(); !errors.Is(why, net.ErrClosed) {
			return nil // it ended before; the first Close is a good one
		}
		return net.ErrClosed
	}
	return nil
}

// Reset ends the stream in both directions, with what is under way on it, and never blocks. The
// peer's reads and writes fail.
func (c *Conn) Reset() {
	c.reset.Store(true)
	_ = c.Close() // it may be closed already
}

// end closes c because of why, once. What may take long of that is done by run, which is one of the
// session's group.
func (c *Conn) end(why error, run func(func()) bool) bool {
	if !c.ended.CompareAndSwap(nil, &why) {
		return false
	}
	_ = c.stream.SetDeadline(past)
	if !run(c.finish) {
		c.inside.leave()
		c.release() // the session has ended, and its streams with it
	}
	return true
}

// How long a closed stream waits for the peer to close its side too, and how much it
// discards in the meantime: more than was under way when the peer learned of it.
const (
	lingerTime  = 10 * time.Second
	lingerBytes = 1 << 20
)

// finish ends the stream: it waits for the callers in yamux, closes, and resets if the
// peer does not close.
func (c *Conn) finish() {
	defer c.release()
	c.inside.leave()
	<-c.inside.ended
	if c.reset.Load() && !c.session.Ended() {
		c.session.resetStream(c.stream)
		return
	}
	_ = c.stream.Close() // fails only with the session
	c.session.linger(c.stream)
	c.session.conn.Drop(c.stream.StreamID())
}

// linger waits for the peer's end of a stream that was closed here.
func (s *base) linger(st mux.Stream) {
	if s.Ended() {
		return
	}
	_ = st.SetReadDeadline(time.Now().Add(lingerTime))
	defer context.AfterFunc(s.ctx, func() { _ = st.SetReadDeadline(past) })()
	buf := make([]byte, 4<<10)
	for n := 0; n < lingerBytes; {
		got, err := st.Read(buf)
		if n += got; err == nil {
			continue
		}
		if mux.TimedOut(err) || errors.Is(err, mux.ErrWriteTimeout) {
			break
		}
		return // the peer has closed or reset, or the session has ended
	}
	if !s.Ended() {
		s.resetStream(st)
	}
}

// explain is the meaning of an error of yamux.
func (c *Conn) explain(err error) error {
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
		case s.Ended():
			return streamCause(s.Cause()) // yamux ends every stream that way
		case half != 0 && s.cfg.now()-time.Duration(half) >= mux.HalfClosedLimit:
			return ErrHalfClosed
		}
		c.eof.Store(true)
		return io.EOF
	case errors.Is(err, mux.ErrStreamClosed):
		return net.ErrClosed
	case s.Ended():
		return streamCause(s.Cause())
	}
	return err
}

// streamCause is the cause of a session's end for its streams: the transport's io.EOF is
// not theirs.
func streamCause(cause error) error {
	if errors.Is(cause, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return cause
}

// Write writes all of b, or returns why it did not. Other callers' writes come before or
// behind it. It blocks while the peer does not read, until the deadline, which it looks
// at every 128 KiB. While the transport takes no byte at all it blocks for up to 10 s
// whatever the deadline, and then ends c (ErrStalled): the peer may get up to 128 KiB more
// than n counts, also where n is 0. The other errors are those of Read, but for
// io.EOF.
func (c *Conn) Write(b []byte) (n int, err error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.inside.leave()
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	// yamux (v0.1.2, stream.go, write) would make one frame of all that the peer has room for, behind which other
	// frames wait, and of which mux can hold back only the whole.
	for {
		if c.ended.Load() != nil {
			return n, c.explain(net.ErrClosed)
		}
		if by := c.writeBy.Load(); by != nil && !by.IsZero() && time.Until(*by) <= 0 {
			return n, os.ErrDeadlineExceeded
		}
		wrote, err := c.stream.Write(b[n:min(len(b), n+frameLimit)])
		if n += wrote; err != nil {
			return n, c.failed(err)
		}
		if wrote > smallRequest {
			c.session.excuse(int64(wrote))
		}
		if n == len(b) {
			return n, nil
		}
	}
}

// failed is the meaning of err. It ends c if yamux waits no longer for a frame that it may
// have queued. The frame is still sent, but yamux has not counted it: the next write would
// overrun the peer's window, for which a peer ends the whole session.
func (c *Conn) failed(err error) error {
	if errors.Is(err, mux.ErrWriteTimeout) {
		c.end(ErrStalled, c.session.group.run)
	}
	return c.explain(err)
}

// CloseWrite closes this side of the stream; reading goes on, for
// 5 minutes, as far as the peer goes on: see Pool.Stream for what servers make of it. It
// may block as Write does.
func (c *Conn) CloseWrite() error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.inside.leave()
	if c.half.CompareAndSwap(0, max(int64(c.session.cfg.now()), 1)) {
		return c.stream.Close()
	}
	return nil
}
