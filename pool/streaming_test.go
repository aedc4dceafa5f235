package pool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// halfCloser is what a stream can do more than a net.Conn.
type halfCloser interface{ CloseWrite() error }

// handleCopies makes Test.Copy a stream that sends back what it gets until its
// client has closed its side.
func handleCopies(s *testutil.Server) {
	s.HandleStream("Test.Copy", func(_ context.Context, c net.Conn) error {
		_, err := io.Copy(c, c)
		return err
	})
}

func openStream(tb testing.TB, p *pool.Pool, addr, method string) net.Conn {
	tb.Helper()
	c, err := p.Stream(within(tb), addr, method)
	noError(tb, err)
	tb.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// exchangeOn sends a message on a stream and reads it back.
func exchangeOn(tb testing.TB, c net.Conn, message string) {
	tb.Helper()
	if _, err := c.Write([]byte(message)); err != nil {
		tb.Fatal(err)
	}
	got := make([]byte, len(message))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != message {
		tb.Fatalf("%q, %v; want %q", got, err, message)
	}
}

// inUse is the calls and streams a pool counts.
func inUse(p *pool.Pool) int { return p.Stats().CallsInFlight }

func TestAStreamCarriesBytesBothWaysDuringCalls(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	handleCopies(s)
	c := openStream(t, p, s.Addr(), "Test.Copy")
	exchangeOn(t, c, "one")
	ping(t, p, s.Addr())
	exchangeOn(t, c, "two")
	if st := p.Stats(); st.Dials != 1 || inUse(p) != 1 {
		t.Fatalf("%+v", st)
	}
	if c.RemoteAddr().String() != s.Addr() {
		t.Errorf("to %v", c.RemoteAddr())
	}
	noError(t, c.Close())
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("closed twice: %v", err)
	}
	for what, use := range map[string]func([]byte) (int, error){"read": c.Read, "write": c.Write} {
		if _, err := use(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s behind Close: %v", what, err)
		}
	}
	await(t, "the stream's release", func() bool { return inUse(p) == 0 })
}

func TestAHalfClosedStreamIsStillRead(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.HandleStream("Test.Sum", func(_ context.Context, c net.Conn) error {
		all, err := io.ReadAll(c)
		if err == nil {
			_, err = c.Write(bytes.ToUpper(all))
		}
		return err
	})
	c := openStream(t, p, s.Addr(), "Test.Sum")
	if _, err := c.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	noError(t, c.(halfCloser).CloseWrite())
	if _, err := c.Write([]byte("d")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("written behind CloseWrite: %v", err)
	}
	got, err := io.ReadAll(c)
	if string(got) != "ABC" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if inUse(p) != 1 {
		t.Fatal("released before Close")
	}
	_ = c.Close()
	await(t, "the stream's release", func() bool { return inUse(p) == 0 })
}

func TestAStreamsDeadlineAndCloseWakeItsReader(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	handleCopies(s)
	c := openStream(t, p, s.Addr(), "Test.Copy")
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("deadline: %v", err)
	}
	_ = c.SetReadDeadline(time.Time{})
	exchangeOn(t, c, "it goes on")
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	s.HandleStream("Test.Stuck", func(context.Context, net.Conn) error { <-over; return nil }) // it neither reads nor writes
	c = openStream(t, p, s.Addr(), "Test.Stuck")
	_ = c.SetDeadline(time.Time{}) // nothing but Close wakes anybody
	const window = 256 << 10
	before := p.Stats().BytesOut
	reading, ended := make(chan struct{}), make(chan error, 2)
	go func() { close(reading); _, err := c.Read(make([]byte, 1)); ended <- err }()
	receive(t, "the reader", reading)
	go func() { _, err := io.Copy(c, endlessZeros{}); ended <- err }()
	await(t, "a full window", func() bool { return p.Stats().BytesOut >= before+window })
	_ = c.Close()
	for range 2 {
		if err := receive(t, "the reader or writer", ended); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
}

// endlessZeros never ends.
type endlessZeros struct{}

func (endlessZeros) Read(b []byte) (int, error) { return len(b), nil }

func TestARefusedStreamIsATypedError(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	_, err := p.Stream(within(t), s.Addr(), "No.Such")
	failed(t, err, pool.PhaseRemote, pool.Rejected, pool.ErrUnknownMethod)
	if remote := as[*pool.RemoteError](t, err); remote.Text != `Unknown rpc method: "No.Such"` {
		t.Errorf("%q", remote.Text)
	}
	s.Inject(testutil.AppError("Echo.Stream", testutil.ErrTextPermissionDenied))
	_, err = p.Stream(within(t), s.Addr(), "Echo.Stream")
	failed(t, err, pool.PhaseRemote, pool.Rejected, pool.ErrPermissionDenied)
	s.Heal()
	await(t, "both streams' release", func() bool { return inUse(p) == 0 })
	if st := p.Stats(); st.Dials != 1 {
		t.Fatalf("the session is healthy: %+v", st)
	}
}

func TestAStreamThatIsNotAcknowledgedEndsWithItsCaller(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Inject(testutil.Mute().On("Echo.Stream"))
	ping(t, p, s.Addr())
	ctx, leave := context.WithCancel(within(t))
	opened := make(chan error, 1)
	go func() { _, err := p.Stream(ctx, s.Addr(), "Echo.Stream"); opened <- err }()
	await(t, "the header", func() bool { return s.Counts().Requests == 2 })
	if inUse(p) != 1 {
		t.Fatal("not counted while it is opened")
	}
	leave()
	err := receive(t, "the caller", opened)
	at := pool.PhaseFlushed
	if e := as[*pool.CallError](t, err); e.Phase == pool.PhaseWrite {
		at = pool.PhaseWrite // a server can be quicker than the writer
	}
	failed(t, err, at, pool.NotSent, context.Canceled)
	await(t, "the release", func() bool { return inUse(p) == 0 })
	ping(t, p, s.Addr()) // the session is as good as before
	_, err = p.Stream(ctx, s.Addr(), "Echo.Stream")
	failed(t, err, pool.PhaseFind, pool.NotSent, context.Canceled)
	if st := p.Stats(); st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestGarbageForAnAcknowledgementIsAProtocolError(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Inject(testutil.Garbage(testutil.LayerHeader).On("Echo.Stream"))
	_, err := p.Stream(within(t), s.Addr(), "Echo.Stream")
	failed(t, err, pool.PhaseRead, pool.NotSent, nil)
	as[*pool.ProtocolError](t, err)
}

func TestFramesAreReadUntilTheStreamEnds(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.HandleStream("Test.Frames", func(_ context.Context, c net.Conn) error {
		for _, line := range []string{"one", "two"} {
			if err := testutil.WriteFrame(c, testutil.StreamFrame{Payload: []byte(line)}); err != nil {
				return err
			}
		}
		return &testutil.StreamError{Code: 404, Message: "no more"}
	})
	c := openStream(t, p, s.Addr(), "Test.Frames")
	frames := pool.NewFrameReader(c)
	for _, want := range []string{"one", "two"} {
		if got, err := frames.Next(); string(got) != want || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	_, err := frames.Next()
	if e := as[*pool.StreamError](t, err); e.Code != 404 || e.Message != "no more" {
		t.Errorf("%v", e)
	}
	if _, err := frames.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}
