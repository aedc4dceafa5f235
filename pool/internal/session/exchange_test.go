package session

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// inline is a session over paper on which who sends also writes, and one lane.
func inline(t *testing.T, c *paperConn) (*session, *lane) {
	t.Helper()
	r := tapOn(c)
	r.spawn = func(f func()) bool { f(); return true }
	cfg := Config{}
	if err := cfg.validate(); err != nil {
		t.Fatal(err)
	}
	s := &session{tap: r, pool: &Pool{cfg: cfg, origin: time.Now()}, mux: &silentMux{closed: make(chan struct{})}, crew: newCrew()}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	l := newLane(s)
	l.stream, l.route, l.fresh = &notedStream{closed: make(chan struct{})}, r.ports.add(1), false
	l.route.Receiver.Store(l)
	if err := l.encode(7, "X.Y", "question"); err != nil {
		t.Fatal(err)
	}
	return s, l
}

// The reply and the caller's end are there together: the reply wins, always.
func TestAReplyThatIsThereWinsOverTheEndOfItsContextAndItsSession(t *testing.T) {
	for i := range 100 {
		c := &paperConn{}
		s, l := inline(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		c.wrote = func([]byte) {
			copy(l.space(64), replyOf(t, 1))
			l.received(len(replyOf(t, 1)), 0, true)
			cancel()
			if i%2 == 0 {
				s.cancel(errors.New("over"))
			}
		}
		if _, at, _, err := l.exchange(ctx, new(Request)); err != nil || l.spoiled {
			t.Fatalf("%v, %v", at, err)
		}
		if n := s.conn.waking.Load(); n != 0 {
			t.Fatalf("%d callers are taken to wake up still", n)
		}
		if at, err := l.finish(nil); err != nil {
			t.Fatalf("%v, %v", at, err)
		}
	}
}

// A peer that answers before it was asked everything is answered on no more.
func TestALaneThatWasAnsweredTooSoonIsGivenUp(t *testing.T) {
	c := &paperConn{}
	s, l := inline(t, c)
	l.route.Window.Store(20) // for a part of the request
	c.wrote = func([]byte) {
		copy(l.space(64), replyOf(t, 1))
		l.received(len(replyOf(t, 1)), 0, true)
	}
	if _, _, _, err := l.exchange(t.Context(), new(Request)); err != nil || !l.spoiled {
		t.Fatalf("%v, spoiled %v", err, l.spoiled)
	}
	s.cancel(nil)
}

// What the peer says about a stream can come before yamux has told of it.
func TestAStreamHasItsPortBeforeThePeerHearsOfIt(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	c.wrote = func(b []byte) {
		_, stream, _ := headOf(b)
		if has := w.ports.find(stream) != nil; has != (stream == 7) {
			t.Errorf("stream %d has a port: %v", stream, has)
		}
	}
	write(t, w, frame(0, frameWindow, flagSYN, 7, 0), frame(0, frameWindow, flagACK, 8, 0))
	c.wrote = nil
	write(t, w, frame(0, frameWindow, flagRST, 7, 0))
	if w.ports.find(7) != nil {
		t.Error("the port of a stream that was reset is kept")
	}
}

func TestThePortOfAStreamingCallGoesWithItsStream(t *testing.T) {
	p, srv, s, let := stuck(t)
	let()
	srv.HandleStream("Test.End", func(context.Context, net.Conn) error { return nil })
	for range 3 {
		c, err := p.Stream(t.Context(), srv.Addr(), "Test.End")
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	awaitTrue(t, "the ports' end", func() bool { return len(portsOf(s)) == 1 }) // that of the ping
}
