package pool

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"
)

// drain reads everything and answers why it ended.
func drain(r *tap) ([]byte, error) {
	var all []byte
	b := make([]byte, 64)
	for {
		n, err := r.Read(b)
		all = append(all, b[:n]...)
		if err != nil {
			return all, err
		}
	}
}

// conversation has two streams that end, one with data behind which looks like
// frames, a ping, and a farewell.
func conversation() []byte {
	body := frame(9, 9, flagFIN|flagRST, 9, 9)
	return slices.Concat(
		frame(0, frameData, 0, 1, 12), body,
		frame(0, 2, 1, 0, flagFIN<<16|flagFIN), // a ping's number is no flag
		frame(0, frameData, flagFIN, 3, 24), body, body,
		frame(0, 1, flagRST, 5, 1<<20), // a window is no body
		frame(0, 1, 2, 7, 0),
		frame(0, frameGoAway, 0, 0, 0),
	)
}

func TestFramesAreFollowedHoweverTheyArriveCut(t *testing.T) {
	whole := conversation()
	check := func(name string, reads [][]byte) {
		r := tapOn(&paperConn{reads: reads, err: io.EOF})
		got, err := drain(r)
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, whole) {
			t.Fatalf("%s: %v, %d bytes of %d passed on unchanged", name, err, len(got), len(whole))
		}
		if n := r.closes.Load(); n != 2 || !r.leaving.Load() || !errors.Is(r.cause(), io.EOF) {
			t.Fatalf("%s: %d streams closed, leaving %v, cause %v", name, n, r.leaving.Load(), r.cause())
		}
		if n := r.in.Load(); n != uint64(len(whole)) {
			t.Fatalf("%s: %d bytes counted", name, n)
		}
	}
	for cut := 1; cut < len(whole); cut++ {
		check("in two", [][]byte{whole[:cut], whole[cut:]})
	}
	var single [][]byte
	for _, b := range whole {
		single = append(single, []byte{b})
	}
	check("byte by byte", single)
}

// yamux acts on what a Read gave it before it reads again: only then is the
// stream closed there, too.
func TestAClosedStreamIsCountedAtTheNextRead(t *testing.T) {
	for name, flag := range map[string]uint16{"FIN": flagFIN, "RST": flagRST} {
		r := tapOn(&paperConn{reads: [][]byte{frame(0, 1, flag, 1, 0), frame(0, 2, 2, 0, 1)}, err: io.EOF})
		b := make([]byte, 64)
		if _, err := r.Read(b); err != nil || r.closes.Load() != 0 {
			t.Fatalf("%s: %v, counted %d at once", name, err, r.closes.Load())
		}
		if _, err := r.Read(b); err != nil || r.closes.Load() != 1 {
			t.Fatalf("%s: %v, counted %d at the next read, want 1", name, err, r.closes.Load())
		}
	}
}

func TestWhatIsNoFrameIsTheCause(t *testing.T) {
	for name, b := range map[string][]byte{
		"a version": frame(1, frameData, 0, 1, 0),
		"a type":    frame(0, frameGoAway+1, 0, 1, 0),
		"text":      []byte("HTTP/1.1 400 Bad Request"),
	} {
		r := tapOn(&paperConn{reads: [][]byte{b}, err: errors.New("closed by us")})
		var told error
		r.broken = func(err error) { told = err }
		if _, err := r.Read(make([]byte, 64)); err != nil {
			t.Fatalf("%s: %v; yamux is to find out by itself", name, err)
		}
		// The first reason counts, not what follows from it.
		_, _ = r.Read(make([]byte, 64))
		e, ok := errors.AsType[*ProtocolError](r.cause())
		if !ok || e.Layer != "yamux" || told != r.cause() {
			t.Fatalf("%s: cause %v, told %v", name, r.cause(), told)
		}
	}
}

func TestTheSessionLearnsOfAFaultBeforeYamuxDoes(t *testing.T) {
	reset := errors.New("connection reset")
	r := tapOn(&paperConn{err: reset})
	var told []error
	r.broken = func(err error) { told = append(told, err) }
	_, err := r.Read(make([]byte, 1))
	_, _ = r.Read(make([]byte, 1))
	if !errors.Is(err, reset) || len(told) != 1 || !errors.Is(told[0], reset) {
		t.Fatalf("%v, told %v", err, told)
	}
}

func TestWithoutAFaultTheCauseIsTheEnd(t *testing.T) {
	if err := tapOn(&paperConn{}).cause(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// A server pings its clients for ever: that is no use of the session, and no life
// either, for it comes in also where nothing goes out any more. An answer is life.
func TestTheServersPingIsNoLifeAndTheAnswerToOursIsNoUse(t *testing.T) {
	r := tapOn(&paperConn{reads: [][]byte{frame(0, 2, 1, 0, 1), frame(0, 2, 2, 0, 1), append(frame(0, frameData, 0, 1, 1), 'x')}, err: io.EOF})
	r.origin = r.origin.Add(-time.Hour) // everything from now on is an hour later
	s := &session{tap: r}
	used := s.usage().used
	b := make([]byte, 64)
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	if d := r.silence(); d < time.Minute {
		t.Fatalf("silent for %v after the server's ping", d)
	}
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	if d := r.silence(); d > time.Minute {
		t.Fatalf("silent for %v after the answer to a ping", d)
	}
	if got := s.usage().used; !got.Equal(used) {
		t.Fatalf("used at %v, before the ping at %v", got, used)
	}
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	if got := s.usage().used; got.Sub(used) < time.Minute {
		t.Fatalf("used at %v, before the data at %v", got, used)
	}
}
