package pool_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

func TestASessionIsNotReapedWhileAStreamIsOpen(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{IdleTimeout: 20 * time.Millisecond})
	handleCopies(s)
	var c net.Conn
	keeping(t, p, s.Addr(), func() { c = openStream(t, p, s.Addr(), "Test.Copy") })
	other := startServer(t) // its session is reaped: so the other one was looked at
	for range 3 {
		comesAndGoes(t, p, other)
	}
	exchangeOn(t, c, "still there")
	ping(t, p, s.Addr())
	if n := s.Counts().Accepted; n != 1 {
		t.Fatalf("%d connections: the one with the stream on it was given up", n)
	}
	_ = c.Close()
	await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
}

func TestABrokenSessionIsNoEndOfFile(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	s.HandleStream("Test.Copy", func(_ context.Context, c net.Conn) error {
		_, err := io.Copy(c, c)
		<-over // the server's end is not said on the stream
		return err
	})
	for _, breaks := range []func(){s.Kill, s.Shutdown} {
		c := openStream(t, p, s.Addr(), "Test.Copy")
		exchangeOn(t, c, "up")
		got := make(chan error, 1)
		go func() { _, err := io.ReadAll(c); got <- err }()
		breaks()
		if err := receive(t, "the reader", got); err == nil {
			t.Error("a lost connection passed for the end of the stream")
		}
		if err := c.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		noError(t, s.Restart())
		await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
	}
}

func TestStopEndsStreamsThatAreNotClosed(t *testing.T) {
	s := startServer(t)
	handleCopies(s)
	p, err := pool.New(pool.Far(pool.Config{}))
	noError(t, err)
	c, err := p.Stream(within(t), s.Addr(), "Test.Copy")
	noError(t, err)
	got := make(chan error, 1)
	go func() { _, err := c.Read(make([]byte, 1)); got <- err }()
	stop(t, p.Stop)
	if err := receive(t, "the reader", got); !errors.Is(err, pool.ErrStopped) {
		t.Errorf("%v", err)
	}
	if _, err := p.Stream(within(t), s.Addr(), "Test.Copy"); !errors.Is(err, pool.ErrStopped) {
		t.Errorf("on a stopped pool: %v", err)
	}
}

func TestStreamsAndCallsFinishOnASessionWhoseServerLeaves(t *testing.T) {
	downs := make(chan error, 10)
	s, p := startServer(t), newPool(t, pool.Config{}, poolhooks.Hooks{Down: func(_ string, err error) { downs <- err }})
	handleCopies(s)
	g := holdCalls(t, s)
	running := call(within(t), p, s.Addr(), "Test.Hold", "running")
	receive(t, "the request", g.entered)
	c := openStream(t, p, s.Addr(), "Test.Copy")
	s.GoAway()
	if err := receive(t, "the notice", downs); !errors.Is(err, pool.ErrLeaving) {
		t.Fatalf("got %v", err)
	}
	next := openStream(t, p, s.Addr(), "Test.Copy") // on a session of its own
	exchangeOn(t, next, "new")
	exchangeOn(t, c, "old")
	if st := p.Stats(); st.Dials != 2 || st.Sessions != 2 {
		t.Fatalf("%+v", st)
	}
	close(g.release)
	if r := receive(t, "the call", running); r.err != nil || r.reply != "running" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	exchangeOn(t, c, "old, after the last call")
	_ = c.Close()
	await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 })
	exchangeOn(t, next, "new")
}

// A server that says farewell (yamux go away) ends the work on its session by itself, or not at all.
func TestAFarewellCutsNoStream(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{DrainTimeout: time.Millisecond, Handlers: doubling()})
	on := occupy(t, p, s)
	for n := range uint64(3) {
		s.GoAway()
		await(t, "the next session", func() bool { ping(t, p, s.Addr()); return p.Stats().Dials == n+2 })
		on.live(t)
	}
	on.close()
	await(t, "the old sessions' ends", func() bool { return p.Stats().Sessions == 1 })
}
