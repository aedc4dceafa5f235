package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// stalled is a stream on a session whose transport takes nothing until let. What the
// server reads of it until its end is in got, and says is what the server has sent.
func stalled(t *testing.T, says []byte) (p *Pool, addr string, c net.Conn, got <-chan string, let func()) {
	t.Helper()
	p, srv, s, release := stuck(t)
	release()
	all, said := make(chan string, 1), make(chan struct{})
	srv.HandleStream("Test.Keep", func(_ context.Context, c net.Conn) error {
		_, _ = c.Write(says)
		close(said)
		b, err := io.ReadAll(c)
		all <- string(b)
		return err
	})
	c, err := p.Stream(t.Context(), srv.Addr(), "Test.Keep")
	noError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(Patience)) // a stream that goes on is no reason to wait for ever
	select {
	case <-said:
	case <-time.After(Patience):
		t.Fatal("the server has not said all")
	}
	awaitTrue(t, "what the server said", func() bool { return p.Stats().BytesIn > uint64(len(says)) })
	let = sync.OnceFunc(pause(t, s))
	t.Cleanup(let) // or the session could not end
	return p, srv.Addr(), c, all, let
}

// What yamux has given up still goes out. If it were written again it would come
// twice, and beyond the room that the peer has said there is.
func TestAStreamThatTheTransportDoesNotTakeEndsAndIsNotWrittenAgain(t *testing.T) {
	const writers, word = 3, "once;"
	p, addr, c, got, let := stalled(t, nil)
	p.muxing.ConnectionWriteTimeout = time.Millisecond // for the writers from now on only
	errs := make(chan error, writers)
	for range writers {
		go func() {
			n, err := c.Write([]byte(word))
			if n != 0 {
				t.Errorf("%d bytes were counted that were not taken", n)
			}
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; !errors.Is(err, ErrStalled) {
			t.Errorf("%v, want %v", err, ErrStalled)
		}
	}
	let()
	if n, err := c.Write([]byte(word)); n != 0 || !errors.Is(err, ErrStalled) {
		t.Errorf("written again: %d, %v", n, err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrStalled) {
		t.Errorf("read behind it: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("the first Close: %v", err)
	}
	select {
	case all := <-got:
		if all != word && all != "" {
			t.Errorf("the server got %q", all)
		}
	case <-time.After(Patience):
		t.Error("the server does not learn of the stream's end")
	}
	// No other call notices.
	if _, err := p.Ping(t.Context(), addr); err != nil || p.Stats().Dials != 1 {
		t.Errorf("%v, %+v", err, p.Stats())
	}
}

// What a reader allows the peer to send waits for the transport, and not the reader. One that
// waited would do so until the stream's deadline.
func TestAStreamIsReadWhileTheTransportTakesNothing(t *testing.T) {
	says := make([]byte, mux.WindowSize-1000) // behind the acknowledgement
	p, addr, c, _, let := stalled(t, says)
	if _, err := io.ReadFull(c, make([]byte, len(says))); err != nil {
		t.Fatal(err)
	}
	let()
	if _, err := c.Write([]byte("all was read")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Ping(t.Context(), addr); err != nil || p.Stats().Dials != 1 {
		t.Fatalf("%v, %+v", err, p.Stats())
	}
}
