package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// Whoever is let in is waited for, and nobody is let in once the session ends.
func TestASessionIsShutOnlyWhenNothingIsOnIt(t *testing.T) {
	for range 200 {
		s := &session{pool: &Pool{cfg: Config{MaxReverseStreams: 4}}, retiring: make(chan struct{}), vacant: make(chan struct{}, 1)}
		s.ctx, s.cancel = context.WithCancelCause(context.Background())
		var inside atomic.Int64
		var wg sync.WaitGroup
		within := func(enter func() bool, leave func()) {
			for enter() {
				inside.Add(1)
				if s.ctx.Err() != nil {
					t.Error("shut with a call or a stream inside")
				}
				inside.Add(-1)
				leave()
			}
		}
		for range 3 {
			wg.Go(func() { within(s.enter, s.leave) })
		}
		const streams = 20
		served := 0
		wg.Go(func() {
			within(func() bool { served++; return served <= streams && s.admit() }, s.dismiss)
		})
		s.retire(ErrIdle)
		for s.shut(); s.ctx.Err() == nil; s.shut() {
			<-s.vacant // something is on it, whose end is told
		}
		if n := inside.Load(); n != 0 || !errors.Is(context.Cause(s.ctx), ErrIdle) {
			t.Fatalf("shut with %d inside: %v", n, context.Cause(s.ctx))
		}
		wg.Wait()
		if s.enter() || s.admit() {
			t.Fatal("a session that was shut let something in")
		}
	}
}

func TestASessionRemembersItsBusiestMoment(t *testing.T) {
	s := &session{}
	for range 3 {
		s.enter()
	}
	s.leave()
	if n := s.peak.Load(); n != 3 {
		t.Fatalf("peak %d, want 3", n)
	}
	s.trim() // forgets it, but for the calls that run
	if n := s.peak.Load(); n != 2 {
		t.Fatalf("peak %d after a trim, want 2", n)
	}
}

func TestAnIdleLaneHoldsNoBuffers(t *testing.T) {
	l := newLane(&session{pool: new(Pool)})
	if err := l.encode(1, "X.Y", "question"); err != nil || len(l.lent.request) == 0 {
		t.Fatalf("%d bytes, %v", len(l.lent.request), err)
	}
	l.frame.Bytes = l.lent.request
	if l.rest(); l.lent != nil || l.frame.Bytes != nil {
		t.Fatalf("it keeps %+v, %d bytes", l.lent, len(l.frame.Bytes))
	}
}

// The writer of the last request may be slow to say that it has written it.
func TestARequestIsNotEncodedOverOneThatIsBeingWritten(t *testing.T) {
	l := newLane(&session{pool: new(Pool)})
	if err := l.encode(1, "X.Y", "first"); err != nil {
		t.Fatal(err)
	}
	frame, first := l.frame, l.lent.request
	want := string(first)
	hold := make(chan struct{})
	defer close(hold)
	connOn(&muxtest.Conn{Hold: hold}).Send(frame)
	awaitTrue(t, "the writer", func() bool { return frame.State() == mux.FrameWriting })
	l.rest()
	for range 100 { // whichever buffers are lent
		if err := l.encode(2, "X.Y", "other"); err != nil || l.frame == frame {
			t.Fatalf("%v; the frame is used again: %v", err, l.frame == frame)
		}
		if l.rest(); string(first) != want {
			t.Fatalf("%q was written over %q", first, want)
		}
	}
}

func TestTheLastOfACrewEndsIt(t *testing.T) {
	c := newCrew()
	release := make(chan struct{})
	for range 3 {
		if !c.join(func() { <-release }) {
			t.Fatal("the crew is there and took nobody")
		}
	}
	c.leave()
	select {
	case <-c.gone:
		t.Fatal("gone with three at work")
	default:
	}
	close(release)
	<-c.gone
	if c.join(func() { t.Error("it ran") }) {
		t.Fatal("a crew that is gone took somebody")
	}
}
