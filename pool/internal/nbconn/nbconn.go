package nbconn

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// How many bytes may wait for the kernel.
const (
	// Room is how many bytes may wait while callers go on writing. Above it they should
	// keep their frames (Congested).
	Room = 256 << 10
	// Limit fails the connection: a Write that finds this much unsent. The bytes of that
	// Write do not count, however many they are: it may be the only one, to a peer that
	// reads.
	Limit = 4 << 20
)

// Conn is a TCP or Unix socket whose Write does not block. One goroutine at a
// time may write.
type Conn struct {
	net.Conn
	raw     syscall.RawConn
	backlog func(limit int) error
	spawn   func(func()) bool
	hasRoom func()

	pending atomic.Int64          // bytes that wait; while there are any, only the goroutine writes
	fault   atomic.Pointer[error] // why nothing is written any more

	// Used by the goroutine that calls Write.
	last *chunk             // the one kept last
	try  func(uintptr) bool // one attempt to write b, made once
	b    []byte
	n    int
	err  error

	source source // of the goroutine that reads
}

// chunk is bytes that wait.
type chunk struct {
	b    []byte
	next atomic.Pointer[chunk]
}

// Wrap makes a *Conn of a *net.TCPConn or *net.UnixConn, and returns any other conn as
// it is: its Write may block, and so may that of a type which wraps these. backlog makes
// the error with which the connection fails at Limit.
func Wrap(conn net.Conn, backlog func(limit int) error) net.Conn {
	var raw syscall.RawConn
	var err error
	switch c := conn.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	default:
		return conn
	}
	if err != nil || !canAttempt {
		return conn
	}
	c := &Conn{Conn: conn, raw: raw, backlog: backlog, spawn: func(f func()) bool { go f(); return true }}
	c.try = func(fd uintptr) bool {
		c.n, c.err = attempt(fd, c.b)
		return true
	}
	return c
}

// NonBlocking is c itself. A type that wraps a Conn and writes to nothing else has the
// same method.
func (c *Conn) NonBlocking() *Conn { return c }

// OnRoom has f called each time when Congested has become false, and when the connection
// has failed. f runs in the goroutine that writes. It must be set before the first Write.
func (c *Conn) OnRoom(f func()) { c.hasRoom = f }

// UseGroup has spawn start the goroutine that writes. It returns false, and starts none,
// once the connection is of no more use. It must be set before the first Write.
func (c *Conn) UseGroup(spawn func(func()) bool) { c.spawn = spawn }

// Pending is the number of bytes that wait for the kernel.
func (c *Conn) Pending() int64 { return c.pending.Load() }

// Congested reports whether more than Room bytes wait on a connection that has not
// failed.
func (c *Conn) Congested() bool { return c.Pending() > Room && c.fault.Load() == nil }

// Forget drops the reference to the bytes that were kept last, after Close.
func (c *Conn) Forget() { c.last = nil }

// Write takes all of b, which stays the caller's, and does not block. The error is that
// of the connection or the one of Limit; n bytes of b are then with the kernel.
func (c *Conn) Write(b []byte) (n int, err error) {
	if fault := c.fault.Load(); fault != nil {
		return 0, *fault
	}
	if c.pending.Load() == 0 {
		c.last = nil
		if n, err = c.writeNow(b); err != nil || n == len(b) {
			return n, err
		}
	}
	if c.pending.Load() >= Limit {
		err = c.backlog(Limit)
		c.fail(err)
		return n, err
	}
	c.queue(b[n:])
	return len(b), nil
}

// writeNow writes the part of b that the kernel takes at once.
func (c *Conn) writeNow(b []byte) (int, error) {
	c.b, c.n, c.err = b, 0, nil
	err := c.raw.Write(c.try)
	c.b = nil
	if err == nil && c.err != nil {
		err = &net.OpError{
			Op: "write", Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: c.err,
		}
	}
	return c.n, err
}

// Reused is up to how many bytes of one Write are kept in a buffer that is used again, and what that
// has room for: a frame of a large message, of which the kernel leaves most to be kept.
const Reused = 65 << 10

// pooled is from how many bytes on such a buffer is used.
const pooled = Reused / 8

var buffers sync.Pool // of *[]byte

// kept is a copy of b.
func kept(b []byte) []byte {
	if len(b) < pooled || len(b) > Reused {
		return append([]byte(nil), b...)
	}
	if p, _ := buffers.Get().(*[]byte); p != nil {
		return append((*p)[:0], b...)
	}
	return append(make([]byte, 0, Reused), b...)
}

// free gives up what kept has made.
func free(b []byte) {
	if cap(b) == Reused {
		buffers.Put(&b)
	}
}

// queue appends a copy of b. The goroutine ends when no byte is left, so the first bytes
// start another one.
func (c *Conn) queue(b []byte) {
	added := &chunk{b: kept(b)}
	if c.last != nil {
		c.last.next.Store(added)
	}
	c.last = added
	if n := int64(len(b)); c.pending.Add(n) == n {
		c.spawn(func() { c.drain(added) })
	}
}

// drain writes the chunks from at on until no byte waits.
func (c *Conn) drain(at *chunk) {
	for {
		if _, err := c.Conn.Write(at.b); err != nil {
			c.fail(err)
			return
		}
		n := int64(len(at.b))
		b := at.b
		at.b = nil // or the connection's last chunk would hold it
		free(b)
		left := c.pending.Add(-n)
		next := at
		if left > 0 {
			next = at.next.Load() // before hasRoom lets others write behind it
		}
		if left <= Room && left+n > Room && c.hasRoom != nil {
			c.hasRoom()
		}
		if left == 0 {
			return
		}
		at = next
	}
}

// fail ends the connection. Read returns err too.
func (c *Conn) fail(err error) {
	if c.fault.CompareAndSwap(nil, &err) {
		_ = c.Conn.Close()
		if c.hasRoom != nil {
			c.hasRoom()
		}
	}
}

// Read reads from the connection. Its error is the one that failed a Write, if any did.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		if fault := c.fault.Load(); fault != nil {
			return n, *fault
		}
	}
	return n, err
}
