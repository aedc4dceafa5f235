package session

import (
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// Streams that have had large replies are not kept where they are allowed more together than those
// that wait may be, and one that is over gives back what it was allowed.
func TestStreamsThatAreAllowedTooMuchAreNotKept(t *testing.T) {
	r := newIdleRig(t, 256)
	r.path.need.Store(4 * megabyte)
	var streams []*callStream
	for range 4 {
		streams = append(streams, newCallStream(&r.base, r.idle))
	}
	for _, l := range streams[:3] {
		r.path.lend(&l.meter.beyond, 4*megabyte, r.path.budget(mostTimes))
	}
	streams[3].put()
	streams[0].put()
	if r.IdleStreams() != 1 || r.path.beyond.Load() != 8*megabyte {
		t.Fatalf("%d are kept, which are allowed %d", r.IdleStreams(), r.path.beyond.Load())
	}
	streams[1].put()
	streams[2].put()
	if r.IdleStreams() != 3 || r.path.beyond.Load() != 8*megabyte {
		t.Fatalf("%d are kept, which are allowed %d", r.IdleStreams(), r.path.beyond.Load())
	}
}

// A window that is too large becomes smaller without a frame.
func TestAWindowThatBecomesSmallerTakesNoFrame(t *testing.T) {
	c := &muxtest.Conn{}
	s, l := inline(t, c)
	defer s.cancel(nil)
	const large = 4 * mux.WindowSize
	l.window, l.meter.size = large, large
	s.path.lend(&l.meter.beyond, large-mux.WindowSize, large)
	s.path.need.Store(1)
	rest := int64(large)
	for came := 0; came < large; came += 16 << 10 {
		noError(t, l.Admit(16<<10))
		l.Received(16<<10, 0, false)
		for _, b := range c.Writes {
			if b[1] != muxtest.Window {
				t.Fatalf("sent % x", b)
			}
			if rest += int64(b[8])<<24 | int64(b[9])<<16 | int64(b[10])<<8 | int64(b[11]); int64(l.window) > mux.WindowSize {
				t.Fatalf("%d were allowed in a window of %d", b[8:], l.window)
			}
		}
		c.Writes = nil
		if rest -= 16 << 10; rest != int64(l.window) || rest < mux.WindowSize/2 {
			t.Fatalf("the peer may send %d, and %d are admitted", rest, l.window)
		}
	}
	if l.meter.size != mux.WindowSize || s.path.beyond.Load() != 0 {
		t.Errorf("a window of %d in the end, %d are counted", l.meter.size, s.path.beyond.Load())
	}
}

// The goroutine that reads knows when a call began.
func TestHowLongAnAnswerTookIsToldToThePath(t *testing.T) {
	srv, s := started(t)
	_ = srv
	l := s.idle.next()
	if l.asked <= 0 || int64(l.asked) > s.conn.Signs.Read.Load() || l.meter.asked != 0 {
		t.Errorf("asked at %v, told %d", l.asked, l.meter.asked)
	}
	l.put()
}
