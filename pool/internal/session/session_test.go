package session

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

var errIdle = errors.New("idle")

// What has entered is waited for, and nothing enters once the session ends.
func TestASessionIsShutOnlyWhenNothingIsOnIt(t *testing.T) {
	for range 200 {
		s := &Session{base: base{cfg: newConfig(), retiring: make(chan struct{})}}
		s.cfg.MaxReverseStreams = 4
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
			wg.Go(func() { within(s.Enter, s.Leave) })
		}
		const streams = 20
		served := 0
		wg.Go(func() {
			within(func() bool { served++; return served <= streams && s.admit() }, s.dismiss)
		})
		s.Retire(errIdle, errIdle)
		for s.Shut(); s.ctx.Err() == nil; s.Shut() {
			for s.events.Load()&eventDrained == 0 { // something is on it, whose end is reported
				runtime.Gosched()
			}
			s.events.And(^uint32(eventDrained))
		}
		if n := inside.Load(); n != 0 || !errors.Is(context.Cause(s.ctx), errIdle) {
			t.Fatalf("shut with %d inside: %v", n, context.Cause(s.ctx))
		}
		wg.Wait()
		if s.Enter() || s.admit() {
			t.Fatal("a session that was shut took something")
		}
	}
}

func TestAnIdleCallStreamHoldsNoBuffers(t *testing.T) {
	l := newCallStream(&base{cfg: newConfig()}, nil)
	if err := l.encode(&Request{Seq: 1, Method: "X.Y", Args: "question"}); err != nil || len(l.buf.request) == 0 {
		t.Fatalf("%d bytes, %v", len(l.buf.request), err)
	}
	l.frame.Bytes = l.buf.request
	if l.reset(); l.buf != nil || l.frame.Bytes != nil {
		t.Fatalf("it keeps %+v, %d bytes", l.buf, len(l.frame.Bytes))
	}
}

// The writer of the last request may be slow to say that it has written it.
func TestARequestIsNotEncodedOverOneThatIsBeingWritten(t *testing.T) {
	l := newCallStream(&base{cfg: newConfig()}, nil)
	noError(t, l.encode(&Request{Seq: 1, Method: "X.Y", Args: "first"}))
	frame, first := l.frame, l.buf.request
	want := string(first)
	hold := make(chan struct{})
	defer close(hold)
	paper(&muxtest.Conn{Hold: hold}).Send(frame)
	awaitTrue(t, "the writer", func() bool { return frame.State() == mux.FrameWriting })
	l.reset()
	for range 100 { // whichever buffers are lent
		if err := l.encode(&Request{Seq: 2, Method: "X.Y", Args: "other"}); err != nil || l.frame == frame {
			t.Fatalf("%v; the frame is used again: %v", err, l.frame == frame)
		}
		if l.reset(); string(first) != want {
			t.Fatalf("%q was written over %q", first, want)
		}
	}
}

func TestTheLastOfAGroupEndsIt(t *testing.T) {
	c := newGroup()
	release := make(chan struct{})
	for range 3 {
		if !c.run(func() { <-release }) {
			t.Fatal("the group has not ended and started nothing")
		}
	}
	c.leave()
	select {
	case <-c.ended:
		t.Fatal("gone with three at work")
	default:
	}
	close(release)
	<-c.ended
	if c.run(func() { t.Error("it ran") }) {
		t.Fatal("a group that has ended started something")
	}
}
