package pool

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// The head of a yamux frame: version, type, flags (2), stream (4), length (4).
const (
	frameHead    = 12
	frameData    = 0
	framePing    = 2
	frameGoAway  = 3
	flagSYN      = 0x1
	flagFIN      = 0x4
	flagRST      = 0x8
	frameVersion = 0
)

// tap stands between yamux and the transport. It joins a frame's head and body
// into one write, remembers when the last byte came in, and sees in passing what
// yamux does not tell: that a stream was closed by the peer, that the peer is
// leaving, and why the transport failed.
type tap struct {
	net.Conn
	origin time.Time

	lastRead atomic.Int64 // nanoseconds from origin to the last sign of life
	lastData atomic.Int64 // the same to the last that was a stream's, not yamux's own
	closes   atomic.Uint64
	leaving  atomic.Bool
	farewell chan struct{} // closed when the peer says that it is leaving
	resets   resets
	fault    atomic.Pointer[error] // the first reason why the transport failed
	in, out  *atomic.Uint64        // byte counters of the pool
	broken   func(error)           // told the first fault, before yamux learns of it; may be nil

	// Of the reading goroutine.
	now     int64 // of the bytes at hand, as in lastRead
	head    [frameHead]byte
	have    int    // bytes of head
	payload uint32 // bytes of the current frame still to come
	closing uint64 // closes seen, published when yamux has taken them in

	// Of the writing goroutine.
	held []byte // a frame's head that waits for its body
}

// newTap wraps conn; since is the pool's origin of time.
func newTap(conn net.Conn, since time.Time, in, out *atomic.Uint64) *tap {
	t := &tap{Conn: conn, origin: since, in: in, out: out, farewell: make(chan struct{}), resets: newResets()}
	t.lastRead.Store(int64(time.Since(since)))
	t.lastData.Store(t.lastRead.Load())
	return t
}

// Read notes life and follows the frames. yamux comes back for more bytes only
// after it has acted on those it was given, so what the last Read saw is
// published at the next: a stream counted here as closed is closed in yamux too.
func (t *tap) Read(b []byte) (int, error) {
	t.closes.Store(t.closing)
	if t.have == 0 && t.payload == 0 {
		if n := t.resets.in.fill(b); n > 0 {
			return n, nil
		}
	}
	n, err := t.Conn.Read(b)
	if n > 0 {
		t.in.Add(uint64(n))
		t.now = int64(time.Since(t.origin))
		if bad := t.follow(b[:n]); bad != nil {
			t.fail(bad)
		}
	}
	if err != nil {
		t.fail(err)
	}
	return n, err
}

// fail keeps the first reason.
func (t *tap) fail(err error) {
	if t.fault.CompareAndSwap(nil, &err) && t.broken != nil {
		t.broken(err)
	}
}

// cause is why the transport failed; io.EOF if nothing said why.
func (t *tap) cause() error {
	if err := t.fault.Load(); err != nil {
		return *err
	}
	return io.EOF
}

// silence is the time since the last sign of life.
func (t *tap) silence() time.Duration {
	return time.Since(t.origin) - time.Duration(t.lastRead.Load())
}

// follow walks over the frames in b.
func (t *tap) follow(b []byte) error {
	for len(b) > 0 {
		if t.payload > 0 {
			n := min(uint64(t.payload), uint64(len(b)))
			t.payload -= uint32(n)
			b = b[n:]
			t.lastRead.Store(t.now)
			continue
		}
		n := copy(t.head[t.have:], b)
		t.have += n
		b = b[n:]
		if t.have < frameHead {
			return nil
		}
		t.have = 0
		if t.head[0] != frameVersion || t.head[1] > frameGoAway {
			return &ProtocolError{Layer: "yamux", Reason: fmt.Sprintf("frame begins with % x", t.head)}
		}
		t.frame()
	}
	return nil
}

// frame notes what a complete frame head says. The peer's own pings are no sign
// of life: they come in as well where nothing goes out any more.
func (t *tap) frame() {
	flags := binary.BigEndian.Uint16(t.head[2:])
	if t.head[1] != framePing || flags&flagSYN == 0 {
		t.lastRead.Store(t.now)
	}
	switch t.head[1] {
	case frameData:
		t.payload = binary.BigEndian.Uint32(t.head[8:])
		t.lastData.Store(t.now)
	case frameGoAway:
		if t.leaving.CompareAndSwap(false, true) {
			close(t.farewell)
		}
	}
	if flags&(flagFIN|flagRST) != 0 {
		t.closing++
	}
}

// joinLimit is the largest body that is copied behind its head; larger ones go
// out with a vectored write where the transport has one.
const joinLimit = 16 << 10

// Write holds back the head of a data frame, which yamux writes by itself, and
// sends it with the body that follows.
func (t *tap) Write(b []byte) (int, error) {
	if len(t.held) > 0 {
		return t.join(b)
	}
	if err := t.sendResets(); err != nil {
		return 0, err
	}
	if len(b) == frameHead && b[1] == frameData && binary.BigEndian.Uint32(b[8:]) > 0 {
		t.held = append(t.held[:0], b...)
		return len(b), nil
	}
	n, err := t.Conn.Write(b)
	return n, t.wrote(n, err)
}

// wrote counts, and keeps the reason of a failure, which ends the session too.
func (t *tap) wrote(n int, err error) error {
	t.out.Add(uint64(n))
	if err != nil {
		t.fail(err)
	}
	return err
}

// join writes the held head and its body as one.
func (t *tap) join(body []byte) (int, error) {
	var n int
	var err error
	if len(body) <= joinLimit {
		t.held = append(t.held, body...)
		n, err = t.Conn.Write(t.held)
	} else {
		var sent int64
		parts := net.Buffers{t.held, body}
		sent, err = parts.WriteTo(t.Conn)
		n = int(sent)
	}
	t.held = t.held[:0]
	return max(n-frameHead, 0), t.wrote(n, err)
}
