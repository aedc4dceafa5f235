package session

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// inline is a session over a script, whose senders also write, and one call stream.
func inline(t *testing.T, c *muxtest.Conn) (*Session, *callStream) {
	t.Helper()
	cfg := newConfig()
	r := connOn(c, cfg)
	r.UseGroup(func(f func()) bool { f(); return true })
	s := &Session{base: base{conn: r, cfg: cfg, yamux: sessiontest.NewSilent(), group: newGroup()}}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	l := newCallStream(&s.base, s.idle)
	l.stream, l.route, l.fresh = &notedStream{}, r.Routes.Add(1), false
	receiveOn(l)
	noError(t, l.encode(&Request{Seq: 7, Method: "X.Y", Args: "question"}))
	return s, l
}

// notedStream is a stream of which nothing is asked.
type notedStream struct{ mux.Stream }

// The reply and the caller's end are there together: the reply wins, always.
func TestAReplyThatIsThereWinsOverTheEndOfItsContextAndItsSession(t *testing.T) {
	for i := range 100 {
		c := &muxtest.Conn{}
		s, l := inline(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		c.Wrote = func([]byte) {
			copy(l.Space(64), replyOf(t, 1))
			l.Received(len(replyOf(t, 1)), 0, true)
			cancel()
			if i%2 == 0 {
				s.cancel(errors.New("over"))
			}
		}
		if _, at, _, err := s.exchange(ctx, l, new(Request)); err != nil || l.spoiled {
			t.Fatalf("%v, %v", at, err)
		}
		c.Wrote = nil
		if s.conn.Join(new(mux.Frame)); s.conn.Queued() > 0 {
			t.Fatal("a caller is taken to run still")
		}
		if at, err := l.finish(nil); err != nil {
			t.Fatalf("%v, %v", at, err)
		}
	}
}

// A peer that answers before it was asked everything is answered on no more.
func TestACallStreamThatWasAnsweredTooSoonIsGivenUp(t *testing.T) {
	c := &muxtest.Conn{}
	s, l := inline(t, c)
	l.route.Window.Store(20) // for a part of the request
	c.Wrote = func([]byte) {
		copy(l.Space(64), replyOf(t, 1))
		l.Received(len(replyOf(t, 1)), 0, true)
	}
	if _, _, _, err := s.exchange(t.Context(), l, new(Request)); err != nil || !l.spoiled {
		t.Fatalf("%v, spoiled %v", err, l.spoiled)
	}
	s.cancel(nil)
}

func TestTheRouteOfAStreamingCallGoesWithItsStream(t *testing.T) {
	srv, s := started(t)
	srv.HandleStream("Test.End", func(context.Context, net.Conn) error { return nil })
	for range 3 {
		c, _, err := open(t.Context(), s, "Test.End")
		noError(t, err)
		_ = c.Close()
	}
	awaitTrue(t, "the routes' end", func() bool { return len(routesOf(s)) == 1 }) // that of the ping
}

func TestARequestOfWhichNothingWasSentLeavesItsStreamToOthers(t *testing.T) {
	s, l := inline(t, &muxtest.Conn{})
	s.idle = newIdleStreams(1)
	l.idle = s.idle
	paused(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	window := l.route.Window.Load()
	done := make(chan bool)
	go func() {
		_, at, left, err := s.exchange(ctx, l, new(Request))
		done <- left && at == PhaseOpen && errors.Is(err, context.Canceled)
	}()
	awaitTrue(t, "the request", func() bool { return s.conn.Queued() > 0 })
	cancel()
	if !<-done {
		t.Fatal("the call stream was not left to others")
	}
	if next := s.idle.next(); next != l || l.route.Window.Load() != window || l.frame.State() != mux.FrameNew || l.state.Load() != stateIdle || l.buf != nil {
		t.Fatalf("%+v", l)
	}
}

func TestNothingIsSentOnASessionThatIsOverWhenACallStreamIsGivenUp(t *testing.T) {
	c := &muxtest.Conn{}
	s, l := inline(t, c)
	s.conn.Acknowledged(l.route)
	s.cancel(errors.New("over"))
	if l.discard(); len(c.Writes) > 0 || s.conn.Routes.Find(1) == nil {
		t.Fatalf("sent % x", c.Writes)
	}
}
