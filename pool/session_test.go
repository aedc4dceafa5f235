package pool

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Whoever is let in is waited for, and nobody is let in once the last has left.
func TestARetiredSessionIsDrainedByItsLastCall(t *testing.T) {
	for range 200 {
		s := &session{drained: make(chan struct{})}
		var inside atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for s.enter() {
					inside.Add(1)
					select {
					case <-s.drained:
						t.Error("drained with a call inside")
					default:
					}
					inside.Add(-1)
					s.leave()
				}
			})
		}
		wg.Go(func() { s.retire(ErrIdle) })
		<-s.drained
		if n := inside.Load(); n != 0 {
			t.Fatalf("drained with %d calls inside", n)
		}
		wg.Wait()
		if s.enter() {
			t.Fatal("a drained session let a call in")
		}
	}
}

func TestASessionRemembersItsBusiestMoment(t *testing.T) {
	s := &session{drained: make(chan struct{})}
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

// The exchange has failed and its stream is gone, but the lane has not said so
// yet: that is when a caller may leave, too.
func TestACallerMayLeaveWhenTheStreamIsGone(t *testing.T) {
	for _, at := range []Phase{PhaseOpen, PhaseWrite, PhaseFlushed, PhaseRead} {
		l := newLane(&session{})
		l.phase.Store(uint32(at))
		if got, left := l.abandon(); got != at || !left {
			t.Fatalf("%v, %v; want %v", got, left, at)
		}
		if l.advance(at, phaseDone) {
			t.Fatal("the lane did not learn that its caller has left")
		}
	}
	l := newLane(&session{})
	l.phase.Store(uint32(phaseDone))
	if _, left := l.abandon(); left {
		t.Fatal("a result that is there was left behind")
	}
}

func TestALaneLetsABigBufferGo(t *testing.T) {
	l := newLane(&session{})
	l.buf = make([]byte, 10, keepBuffer+1)
	l.reset()
	if cap(l.buf) > keepBuffer {
		t.Fatalf("%d bytes kept", cap(l.buf))
	}
	l.buf = make([]byte, 10, keepBuffer)
	if l.reset(); cap(l.buf) != keepBuffer {
		t.Fatalf("%d bytes kept of %d", cap(l.buf), keepBuffer)
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
