package mux

import (
	"bytes"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// pings is the peer's first n pings, their numbers those from 0.
func pings(n int) (b []byte) {
	for i := range n {
		b = append(b, muxtest.Head(0, muxtest.Ping, muxtest.SYN, 0, uint32(i))...)
	}
	return b
}

func TestAPingIsAnsweredByItsNumberAndYamuxDoesNotSeeIt(t *testing.T) {
	var want []byte
	for i := range pongsLimit {
		want = append(want, muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, uint32(i))...)
	}
	behind := muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, 9)
	for name, blocks := range map[string]bool{"as many wait as may": true, "none waits": false} {
		wrote := make(chan []byte, pongsLimit)
		c := &muxtest.Conn{
			Reads: [][]byte{append(pings(pongsLimit), behind...)},
			Wrote: func(b []byte) { wrote <- bytes.Clone(b) },
			Hold:  make(chan struct{}),
		}
		if !blocks {
			close(c.Hold)
		}
		r, b := newConn(c), make([]byte, 64)
		if n, err := r.Read(b); err != nil || !bytes.Equal(b[:n], behind) {
			t.Fatalf("%s: yamux got % x and %v", name, b[:n], err)
		}
		if blocks {
			close(c.Hold)
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
	c := &muxtest.Conn{Reads: [][]byte{pings(2*pongsLimit + 1)}, Hold: make(chan struct{})}
	r := newConn(c)
	var fault error
	r.OnFault(func(err error) { fault = err })
	got, err := muxtest.Drain(r)
	if _, ok := errors.AsType[*violation](err); !ok || fault != err || len(got) > 0 {
		t.Errorf("%v, the fault is %v, yamux got % x", err, fault, got)
	}
	if n := len(r.reading.pongs); n != pongsLimit {
		t.Errorf("%d answers wait, want %d", n, pongsLimit)
	}
	close(c.Hold)
	awaitTrue(t, "the end of writing", func() bool { return !r.waiting() && !r.busy.Load() })
}

// Answers that have gone out are not counted any more.
func TestPingsThatAreAnsweredMayBeAnyNumber(t *testing.T) {
	wrote := make(chan struct{})
	r := newConn(&muxtest.Conn{Reads: [][]byte{pings(10 * pongsLimit)}, Wrote: func([]byte) { wrote <- struct{}{} }})
	for range 10 * pongsLimit {
		if err := r.readHead(); err != nil {
			t.Fatal(err)
		}
		<-wrote
	}
	if n := len(r.reading.pongs); n > 2 {
		t.Errorf("%d answers are kept", n)
	}
}

// The goroutine that writes may be stopped when the peer has the answers and the
// frames are not yet settled. A peer that pings on meanwhile takes every answer.
func TestAnswersThatThePeerHasDoNotCountAlthoughTheirWriteHasNotReturned(t *testing.T) {
	const answered = 200
	all, total, back := make(chan struct{}), 0, make(chan struct{})
	c := &muxtest.Conn{
		Reads: [][]byte{pings(answered), pings(pongsLimit)},
		Wrote: func(b []byte) {
			if total += len(b); total == answered*HeadSize {
				close(all)
				<-back
			}
		},
		Hold: make(chan struct{}),
	}
	r := newConn(c)
	for range answered {
		if err := r.readHead(); err != nil {
			t.Fatal(err)
		}
	}
	close(c.Hold)
	<-all
	for i := range pongsLimit {
		if err := r.readHead(); err != nil {
			t.Fatalf("ping %d while a write that is done has not returned: %v", i, err)
		}
	}
	close(back)
	awaitTrue(t, "the end of writing", func() bool { return !r.waiting() && !r.busy.Load() })
	if want := (answered + pongsLimit) * HeadSize; total != want {
		t.Errorf("%d bytes of answers, want %d", total, want)
	}
}
