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

// cuts is b in one piece, in two at every place, and byte by byte.
func cuts(b []byte) (all [][][]byte) {
	all = append(all, [][]byte{b})
	for cut := 1; cut < len(b); cut++ {
		all = append(all, [][]byte{b[:cut], b[cut:]})
	}
	var single [][]byte
	for i := range b {
		single = append(single, b[i:i+1])
	}
	return append(all, single)
}

// conversation has two streams that end, one with data behind which looks like
// frames, a ping, and a farewell.
func conversation() []byte {
	body := frame(9, 9, flagFIN|flagRST, 9, 9)
	return slices.Concat(
		frame(0, frameData, 0, 1, 12), body,
		frame(0, 2, 2, 0, flagFIN<<16|flagFIN), // a ping's number is no flag
		frame(0, frameData, flagFIN, 3, 24), body, body,
		frame(0, 1, flagRST, 5, 1<<20), // a window is no body
		frame(0, 1, 2, 7, 0),
		frame(0, frameGoAway, 0, 0, 0),
	)
}

func TestWhatIsYamuxsPassesUnchangedHoweverItArrivesCut(t *testing.T) {
	whole := conversation()
	for i, reads := range cuts(whole) {
		r := tapOn(&paperConn{reads: reads, err: io.EOF})
		ends := map[uint32]uint32{1: 0, 3: flagFIN, 5: flagRST, 7: 0}
		for stream := range ends {
			r.ports.add(stream)
		}
		got, err := drain(r)
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, whole) {
			t.Fatalf("cut %d: %v, %d bytes of %d passed on unchanged", i, err, len(got), len(whole))
		}
		for stream, flags := range ends {
			if at := r.ports.find(stream); at == nil || at.ended.Load() != flags {
				t.Fatalf("cut %d: stream %d: %+v, want flags %x", i, stream, at, flags)
			}
		}
		if n := r.ports.find(5).window.Load(); n != windowSize+1<<20 {
			t.Fatalf("cut %d: window of %d", i, n)
		}
		if !r.leaving.Load() || !errors.Is(r.cause(), io.EOF) || r.in.Load() != uint64(len(whole)) {
			t.Fatalf("cut %d: leaving %v, cause %v, %d bytes counted", i, r.leaving.Load(), r.cause(), r.in.Load())
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
		n, err := r.Read(make([]byte, 64))
		// The first reason counts, not what follows from it.
		_, _ = r.Read(make([]byte, 64))
		e, ok := errors.AsType[*ProtocolError](r.cause())
		if !ok || e.Layer != "yamux" || told != r.cause() || n != 0 || err != told {
			t.Fatalf("%s: cause %v, told %v; yamux got %d bytes and %v", name, r.cause(), told, n, err)
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
	used := s.usage().Used
	if err := r.head(); err != nil {
		t.Fatal(err)
	}
	if d := r.silence(); d < time.Minute {
		t.Fatalf("silent for %v after the server's ping", d)
	}
	b := make([]byte, 64)
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	if d := r.silence(); d > time.Minute {
		t.Fatalf("silent for %v after the answer to a ping", d)
	}
	if got := s.usage().Used; !got.Equal(used) {
		t.Fatalf("used at %v, before the ping at %v", got, used)
	}
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	if got := s.usage().Used; got.Sub(used) < time.Minute {
		t.Fatalf("used at %v, before the data at %v", got, used)
	}
}
