//go:build unix

package nbconn

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// spilled is both ends of a TCP connection, the near one as a spill.
func spilled(t *testing.T) (near *spill, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- c
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if far = <-accepted; far == nil {
		t.Fatal("not accepted")
	}
	// The kernel takes no more than is known, however late it says so.
	if err := errors.Join(conn.(*net.TCPConn).SetWriteBuffer(32<<10), far.(*net.TCPConn).SetReadBuffer(32<<10)); err != nil {
		t.Fatal(err)
	}
	s, ok := unblock(conn).(*spill)
	if !ok {
		t.Fatalf("a TCP connection stayed a %T", unblock(conn))
	}
	crew := newCrew() // to see that no goroutine is left
	s.spawn = crew.join
	t.Cleanup(func() {
		_, _ = s.Close(), far.Close()
		crew.leave()
		select {
		case <-crew.gone:
		case <-time.After(Patience):
			t.Error("a goroutine is left")
		}
	})
	return s, far
}

// numbered is size bytes that differ from those of other numbers.
func numbered(n uint64, size int) []byte {
	b := make([]byte, 0, size+8)
	for ; len(b) < size; n++ {
		b = binary.BigEndian.AppendUint64(b, n*0x9e3779b97f4a7c15)
	}
	return b[:size]
}

// fillUp writes until the kernel takes no more and at least so much waits. The first
// bytes are more than the kernel takes: until the peer reads, what waits only grows.
func fillUp(t *testing.T, s *spill, waiting int64) (all []byte) {
	t.Helper()
	for n := uint64(0); n == 0 || s.pending.Load() < waiting; n++ {
		b := numbered(n<<20, 32<<10)
		if n == 0 {
			b = numbered(0, 1<<20)
		}
		all = append(all, b...)
		if took, err := s.Write(b); took != len(b) || err != nil {
			t.Fatalf("%d bytes taken, %v", took, err)
		}
		clear(b) // it is the writer's again
		if len(all) > 1<<30 {
			t.Fatal("the kernel takes everything")
		}
	}
	return all
}

func TestWritingDoesNotWaitForAPeerThatDoesNotReadAndLosesNothing(t *testing.T) {
	s, far := spilled(t)
	var eased atomic.Int64
	s.eased = func() { eased.Add(1) }
	for round := range 3 { // it fills up and empties again
		begin := time.Now()
		want := fillUp(t, s, 2<<20)
		if took := time.Since(begin); took > Patience {
			t.Fatalf("writing took %v", took)
		}
		if !s.congested() {
			t.Fatal("nobody is told to hold back")
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(far, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("round %d: what waited came in another order", round)
		}
		awaitTrue(t, "the goroutine's end", func() bool { return s.pending.Load() == 0 && eased.Load() == int64(round+1) })
		if s.congested() {
			t.Fatal("still congested")
		}
	}
	if _, err := s.Write([]byte("x")); err != nil || s.pending.Load() != 0 {
		t.Fatalf("%v, %d bytes wait on an empty connection", err, s.pending.Load())
	}
}

func TestBytesThatWaitHaveALimitBehindWhichTheTransportEnds(t *testing.T) {
	s, _ := spilled(t)
	fillUp(t, s, spillLimit-64<<10)
	var err error
	for range 4 {
		if _, err = s.Write(make([]byte, 32<<10)); err != nil {
			break
		}
	}
	if e, ok := errors.AsType[*BacklogError](err); !ok || e.Limit != spillLimit {
		t.Fatalf("%v, want a *BacklogError", err)
	}
	if n, again := s.Write([]byte("x")); n != 0 || again != err {
		t.Fatalf("the next write: %d, %v", n, again)
	}
	if _, read := s.Read(make([]byte, 1)); read != err {
		t.Fatalf("who reads is told %v", read)
	}
}

// The limit is about what waits already: who reads is not given up for the size of
// one write.
func TestAWriteBeyondTheLimitIsTakenWhereNothingWaits(t *testing.T) {
	s, far := spilled(t)
	want := numbered(1, 2*spillLimit)
	if tcp, ok := s.Conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(64 << 10)
	}
	if n, err := s.Write(want); n != len(want) || err != nil || s.pending.Load() < spillLimit {
		t.Fatalf("%d bytes taken, %v, %d wait", n, err, s.pending.Load())
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("other bytes came in, %v", err)
	}
}

func TestClosingFreesWhatWaits(t *testing.T) {
	s, _ := spilled(t) // whose cleanup waits for the goroutine
	told := make(chan struct{}, 1)
	s.eased = func() { signal(told) }
	fillUp(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-told
	if _, err := s.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("%v", err)
	}
}

// Frames that the transport has no room for stay where they can be withdrawn, and
// go out in order when it has.
func TestFramesAreHeldBackWhileTheTransportIsCongested(t *testing.T) {
	s, far := spilled(t)
	w := newTap(s, time.Now(), new(atomic.Uint64), new(atomic.Uint64))
	const frames, size = 400, 64 << 10
	var all []*outgoing
	for i := range frames {
		all = append(all, sheet(byte(i), size))
		w.send(all[i])
	}
	if n := s.pending.Load(); n > spillRoom+size+batchLimit {
		t.Fatalf("%d bytes wait in the transport", n)
	}
	withdrawn := frames * 3 / 4
	if at := all[withdrawn].recall(0); at != frameWithdrawn {
		t.Fatalf("the %dth frame: in state %d", withdrawn, at)
	}
	got := make([]byte, size)
	for i, f := range all {
		if i == withdrawn {
			continue
		}
		_ = far.SetReadDeadline(time.Now().Add(Patience))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, f.bytes) {
			t.Fatalf("frame %d: %v", i, err)
		}
		if at := settled(t, f); at != frameWritten {
			t.Fatalf("frame %d: in state %d", i, at)
		}
	}
}

func TestATapWritesWithoutWaitingOverASpillAlsoUnderTLS(t *testing.T) {
	s, _ := spilled(t)
	none := &tlsConn{under: &metered{Conn: s.Conn}}
	for _, c := range []struct {
		conn net.Conn
		want *spill
	}{{s, s}, {&tlsConn{under: &metered{Conn: s}}, s}, {none, nil}, {s.Conn, nil}} {
		if w := newTap(c.conn, time.Now(), new(atomic.Uint64), new(atomic.Uint64)); w.spill != c.want {
			t.Errorf("%T: over %p, want %p", c.conn, w.spill, c.want)
		}
	}
}

func TestOnlyTheKernelsOwnConnectionsAreWrittenPast(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	s, _ := spilled(t)
	tcp, _ := s.Conn.(*net.TCPConn)
	for _, c := range []net.Conn{near, struct{ *net.TCPConn }{tcp}} {
		if got := unblock(c); got != c {
			t.Errorf("%T became a %T: what it does on the way would be left out", c, got)
		}
	}
}

// With so much before it that the transport holds back, a request is not even
// handed over.
func TestARequestToAServerThatReadsNothingIsNotSent(t *testing.T) {
	p, srv, s, let := stuck(t)
	let()
	srv.Freeze()
	defer srv.Thaw()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := 0; !s.tap.holding(); i++ {
		if i == 1000 {
			t.Fatal("it takes everything")
		}
		go func() { _ = p.Call(ctx, srv.Addr(), "Echo.Echo", make([]byte, 200<<10), nil) }()
		awaitTrue(t, "the call", func() bool { return s.tap.holding() || s.calls.Load() > int64(i) })
	}
	before := s.calls.Load()
	last, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Call(last, srv.Addr(), "Echo.Count", map[string]string{"ID": "queued"}, nil) }()
	awaitTrue(t, "the last call", func() bool { return s.calls.Load() > before })
	leave()
	notSent(t, <-done, context.Canceled)
}
