//go:build unix && !blockingwrites

package nbconn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a test waits for an event that must come.
const patience = 30 * time.Second

type backlogError struct{ limit int }

func (*backlogError) Error() string { return "too much waits" }

func tooMuch(limit int) error { return &backlogError{limit} }

// connected is both ends of a TCP connection, the near one as a Conn.
func connected(t *testing.T) (near *Conn, far net.Conn) {
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
	// The kernel takes no more than is known, however late it reports that.
	if err := errors.Join(conn.(*net.TCPConn).SetWriteBuffer(32<<10), far.(*net.TCPConn).SetReadBuffer(32<<10)); err != nil {
		t.Fatal(err)
	}
	s, ok := Wrap(conn, tooMuch).(*Conn)
	if !ok {
		t.Fatalf("a TCP connection stayed a %T", Wrap(conn, tooMuch))
	}
	var writing sync.WaitGroup // the goroutine, which goleak would see only at the end
	s.UseGroup(func(f func()) bool { writing.Go(f); return true })
	t.Cleanup(func() {
		_, _ = s.Close(), far.Close()
		writing.Wait()
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
// bytes are more than the kernel takes: until the peer reads, only more bytes wait.
func fillUp(t *testing.T, s *Conn, waiting int64) (all []byte) {
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
	s, far := connected(t)
	var eased atomic.Int64
	s.OnRoom(func() { eased.Add(1) })
	var writing sync.WaitGroup
	s.UseGroup(func(f func()) bool { writing.Go(f); return true })
	for round := range 3 { // it fills up and empties again
		begin := time.Now()
		want := fillUp(t, s, 2<<20)
		if took := time.Since(begin); took > patience {
			t.Fatalf("writing took %v", took)
		}
		if !s.Congested() {
			t.Fatal("it is not congested")
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(far, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("round %d: the bytes came in another order", round)
		}
		writing.Wait()
		if s.pending.Load() != 0 || eased.Load() != int64(round+1) || s.Congested() {
			t.Fatalf("round %d: %d bytes wait, OnRoom was called %d times", round, s.pending.Load(), eased.Load())
		}
	}
	if _, err := s.Write([]byte("x")); err != nil || s.pending.Load() != 0 {
		t.Fatalf("%v, %d bytes wait on an empty connection", err, s.pending.Load())
	}
}

func TestBytesThatWaitHaveALimitBehindWhichTheTransportEnds(t *testing.T) {
	s, _ := connected(t)
	fillUp(t, s, Limit-64<<10)
	var err error
	for range 4 {
		if _, err = s.Write(make([]byte, 32<<10)); err != nil {
			break
		}
	}
	if e, ok := errors.AsType[*backlogError](err); !ok || e.limit != Limit {
		t.Fatalf("%v, want a *backlogError", err)
	}
	if n, again := s.Write([]byte("x")); n != 0 || again != err {
		t.Fatalf("the next write: %d, %v", n, again)
	}
	if _, read := s.Read(make([]byte, 1)); read != err {
		t.Fatalf("Read returns %v", read)
	}
}

// The limit is about bytes that wait already: a peer that reads is not given up for the
// size of one write.
func TestAWriteBeyondTheLimitIsTakenWhereNothingWaits(t *testing.T) {
	s, far := connected(t)
	want := numbered(1, 2*Limit)
	if tcp, ok := s.Conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(64 << 10)
	}
	if n, err := s.Write(want); n != len(want) || err != nil || s.pending.Load() < Limit {
		t.Fatalf("%d bytes taken, %v, %d wait", n, err, s.pending.Load())
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("other bytes came in, %v", err)
	}
}

func TestClosingFreesTheQueue(t *testing.T) {
	s, _ := connected(t) // whose cleanup waits for the goroutine
	freed := make(chan struct{}, 1)
	s.OnRoom(func() { freed <- struct{}{} })
	fillUp(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-freed
	if _, err := s.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("%v", err)
	}
}

func TestOnlyTheKernelsOwnConnectionsAreWrittenPast(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	s, _ := connected(t)
	tcp, _ := s.Conn.(*net.TCPConn)
	for _, c := range []net.Conn{near, struct{ *net.TCPConn }{tcp}} {
		if got := Wrap(c, tooMuch); got != c {
			t.Errorf("%T became a %T: its own Write would be left out", c, got)
		}
	}
}
