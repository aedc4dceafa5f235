package mux

import (
	"bytes"
	"errors"
	"testing"
)

// pings is the peer's first n pings, their numbers those from 0.
func pings(n int) (b []byte) {
	for i := range n {
		b = append(b, frame(0, framePing, flagSYN, 0, uint32(i))...)
	}
	return b
}

func TestAPingIsAnsweredByItsNumberAndYamuxDoesNotSeeIt(t *testing.T) {
	var want []byte
	for i := range pongsLimit {
		want = append(want, frame(0, framePing, flagACK, 0, uint32(i))...)
	}
	behind := frame(0, framePing, flagACK, 0, 9)
	for name, blocks := range map[string]bool{"as many wait as may": true, "none waits": false} {
		wrote := make(chan []byte, pongsLimit)
		c := &paperConn{
			reads: [][]byte{append(pings(pongsLimit), behind...)},
			wrote: func(b []byte) { wrote <- bytes.Clone(b) },
			hold:  make(chan struct{}),
		}
		if !blocks {
			close(c.hold)
		}
		r, b := tapOn(c), make([]byte, 64)
		if n, err := r.Read(b); err != nil || !bytes.Equal(b[:n], behind) {
			t.Fatalf("%s: yamux got % x and %v", name, b[:n], err)
		}
		if blocks {
			close(c.hold)
		}
		var all []byte
		awaitTrue(t, name, func() bool {
			for len(wrote) > 0 {
				all = append(all, <-wrote...)
			}
			return len(all) >= len(want)
		})
		if !bytes.Equal(all, want) {
			t.Fatalf("%s: answers\n% x, want\n% x", name, all, want)
		}
		awaitTrue(t, "the end of writing", func() bool { return !r.busy.Load() })
	}
}

func TestAPeerThatTakesNoAnswerToItsPingsIsCutOff(t *testing.T) {
	// As many as are being written at once, as many as may wait, and one.
	c := &paperConn{reads: [][]byte{pings(2*pongsLimit + 1)}, hold: make(chan struct{})}
	r := tapOn(c)
	var told error
	r.broken = func(err error) { told = err }
	got, err := drain(r)
	if e, ok := errors.AsType[*ProtocolError](err); !ok || e.Layer != "yamux" || told != err || len(got) > 0 {
		t.Errorf("%v, the session was told %v, yamux got % x", err, told, got)
	}
	if n := len(r.reading.pongs); n != pongsLimit {
		t.Errorf("%d answers wait, want %d", n, pongsLimit)
	}
	close(c.hold)
	awaitTrue(t, "the end of writing", func() bool { return !r.waiting() && !r.busy.Load() })
}

// What has gone out is not counted any more.
func TestPingsThatAreAnsweredMayBeAnyNumber(t *testing.T) {
	wrote := make(chan struct{})
	r := tapOn(&paperConn{reads: [][]byte{pings(10 * pongsLimit)}, wrote: func([]byte) { wrote <- struct{}{} }})
	for range 10 * pongsLimit {
		if err := r.head(); err != nil {
			t.Fatal(err)
		}
		<-wrote
	}
	if n := len(r.reading.pongs); n > 2 {
		t.Errorf("%d answers are held", n)
	}
}

// The goroutine that writes may be stopped when the peer has the answers and the
// frames are not yet settled. A peer that pings on meanwhile takes every answer.
func TestAnswersThatThePeerHasDoNotCountAlthoughTheirWriteHasNotReturned(t *testing.T) {
	const answered = 200
	all, total, back := make(chan struct{}), 0, make(chan struct{})
	c := &paperConn{
		reads: [][]byte{pings(answered), pings(pongsLimit)},
		wrote: func(b []byte) {
			if total += len(b); total == answered*frameHead {
				close(all)
				<-back
			}
		},
		hold: make(chan struct{}),
	}
	r := tapOn(c)
	for range answered {
		if err := r.head(); err != nil {
			t.Fatal(err)
		}
	}
	close(c.hold)
	<-all
	for i := range pongsLimit {
		if err := r.head(); err != nil {
			t.Fatalf("ping %d while a write that is done has not returned: %v", i, err)
		}
	}
	close(back)
	awaitTrue(t, "the end of writing", func() bool { return !r.waiting() && !r.busy.Load() })
	if want := (answered + pongsLimit) * frameHead; total != want {
		t.Errorf("%d bytes of answers, want %d", total, want)
	}
}
