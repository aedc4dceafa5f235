package pool

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// ErrStalled says that a stream was cut because the transport took nothing of it
// for 10 s, or for Config.DialTimeout if that is longer. Nobody knows whether the
// peer will still get what was written last.
var ErrStalled = errors.New("stream was cut: the transport took nothing for too long, and what was written last may still arrive")

// Write writes all of b, or says why not; what others write meanwhile comes
// before or behind it. It blocks while the peer does not read, until the deadline,
// which it looks at every 128 KiB; while the transport takes no byte at all it
// blocks for up to 10 s whatever the deadline, and then ends the conn
// (ErrStalled): the peer may get up to 128 KiB more than the count tells, also
// where that is 0. The other errors are those of Read, but for io.EOF.
func (c *conn) Write(b []byte) (n int, err error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.inside.leave()
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	// yamux would make one frame of all that the peer has room for, which others
	// had to wait for and which the tap could hold back only as a whole.
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
		if wrote > atOnce {
			c.session.burden(int64(wrote))
		}
		if n == len(b) {
			return n, nil
		}
	}
}

// failed ends the conn if yamux waits no longer for a frame that it may have
// queued, and says what err means. The frame still goes out, but yamux has not
// counted it: what is written behind it would overrun the peer's window, for which
// a peer ends the whole session, and the leave to send that a reader gave the peer
// is given to nobody if it was not queued.
func (c *conn) failed(err error) error {
	if errors.Is(err, mux.ErrWriteTimeout) {
		c.end(ErrStalled)
	}
	return c.explain(err)
}

// CloseWrite tells the peer that nothing more will be written; reading goes on, for
// 5 minutes, as far as the peer goes on: see Pool.Stream for what servers make of it. It
// may block as Write does.
func (c *conn) CloseWrite() error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.inside.leave()
	if c.half.CompareAndSwap(0, time.Now().UnixNano()) {
		return c.stream.Close()
	}
	return nil
}
