package pool

import (
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
)

// How many bytes may wait for the kernel: beyond the first figure whoever has a
// choice holds back; where so many wait as the second says and more come, the
// transport is given up. What is just handed over does not count, however large it
// is: it may be all there is, and the peer may be reading.
const (
	spillRoom  = 256 << 10
	spillLimit = 4 << 20
)

// BacklogError says that a server took no more bytes, and too many waited for it.
// That is the last resort: frames are held back long before it, see tap.holding.
type BacklogError struct {
	Limit int // bytes that may wait
}

func (e *BacklogError) Error() string {
	return fmt.Sprintf("the server takes no more bytes, and over %d are kept for it", e.Limit)
}

// spill is a transport whose Write does not block: what the kernel does not take
// at once is kept, and a goroutine that is started for it writes it, in order.
// One goroutine at a time may write.
type spill struct {
	net.Conn
	raw   syscall.RawConn
	spawn func(func()) bool // starts a goroutine, or answers false if none is wanted any more
	eased func()            // told each time when there is room again, and when there never will be; may be nil

	pending atomic.Int64          // bytes that wait; while there are any, only the goroutine writes
	fault   atomic.Pointer[error] // why nothing is written any more

	// Of who writes.
	last *chunk             // that was kept
	try  func(uintptr) bool // one attempt of b, made once
	b    []byte
	took int
	err  error
}

// chunk is bytes that wait.
type chunk struct {
	b    []byte
	next atomic.Pointer[chunk]
}

// unblock makes a spill of a connection of the kernel's. Any other, and one that
// somebody has wrapped, stays what it is: it may block.
func unblock(conn net.Conn) net.Conn {
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
	s := &spill{Conn: conn, raw: raw, spawn: func(f func()) bool { go f(); return true }}
	s.try = func(fd uintptr) bool {
		s.took, s.err = attempt(fd, s.b)
		return true
	}
	return s
}

// unblocked is the spill itself.
func (s *spill) unblocked() *spill { return s }

// congested says whether so much waits that others should hold back.
func (s *spill) congested() bool { return s.pending.Load() > spillRoom && s.fault.Load() == nil }

// Write hands over all of b, or says why not, and how much of it the kernel has.
func (s *spill) Write(b []byte) (n int, err error) {
	if why := s.fault.Load(); why != nil {
		return 0, *why
	}
	if s.pending.Load() == 0 {
		s.last = nil
		if n, err = s.now(b); err != nil || n == len(b) {
			return n, err
		}
	}
	if s.pending.Load() >= spillLimit {
		err = &BacklogError{Limit: spillLimit}
		s.fail(err)
		return n, err
	}
	s.keep(b[n:])
	return len(b), nil
}

// now writes what the kernel takes at once.
func (s *spill) now(b []byte) (int, error) {
	s.b, s.took, s.err = b, 0, nil
	err := s.raw.Write(s.try)
	s.b = nil
	if err == nil && s.err != nil {
		err = &net.OpError{
			Op: "write", Net: s.LocalAddr().Network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: s.err,
		}
	}
	return s.took, err
}

// keep appends a copy of b. The goroutine goes on behind a chunk only if bytes
// are left then, so who adds the first ones starts another.
func (s *spill) keep(b []byte) {
	c := &chunk{b: append([]byte(nil), b...)}
	if s.last != nil {
		s.last.next.Store(c)
	}
	s.last = c
	if n := int64(len(b)); s.pending.Add(n) == n {
		s.spawn(func() { s.drain(c) })
	}
}

// drain writes what waits, from c on, until nothing does.
func (s *spill) drain(c *chunk) {
	for {
		if _, err := s.Conn.Write(c.b); err != nil {
			s.fail(err)
			return
		}
		n := int64(len(c.b))
		left := s.pending.Add(-n)
		next := c
		if left > 0 {
			next = c.next.Load() // of c before the room it makes is used
		}
		if left <= spillRoom && left+n > spillRoom && s.eased != nil {
			s.eased()
		}
		if left == 0 {
			return
		}
		c = next
	}
}

// fail ends the transport. Who reads is told why.
func (s *spill) fail(err error) {
	if s.fault.CompareAndSwap(nil, &err) {
		_ = s.Conn.Close()
		if s.eased != nil {
			s.eased()
		}
	}
}

// Read prefers the reason why this side gave the transport up.
func (s *spill) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if err != nil {
		if why := s.fault.Load(); why != nil {
			return n, *why
		}
	}
	return n, err
}
