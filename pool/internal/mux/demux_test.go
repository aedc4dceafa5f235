package mux

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

func TestYamuxGetsAllButDataHoweverItArrivesCut(t *testing.T) {
	whole, data := muxtest.Conversation(), muxtest.Head(9, 9, muxtest.FIN|muxtest.RST, 9, 9)
	want := slices.Concat(
		muxtest.Head(0, muxtest.Ping, muxtest.ACK, 0, muxtest.FIN<<16|muxtest.FIN),
		muxtest.Head(0, muxtest.Window, muxtest.FIN, 3, 0), // in place of the data that it came with
		muxtest.Head(0, muxtest.Window, muxtest.RST, 5, 1<<20),
		muxtest.Head(0, muxtest.Window, muxtest.ACK, 7, 0),
		muxtest.Head(0, muxtest.GoAway, 0, 0, 0),
	)
	for i, reads := range muxtest.Cuts(whole) {
		r := newConn(&muxtest.Conn{Reads: reads, Err: io.EOF})
		ends := map[uint32]uint32{1: 0, 3: muxtest.FIN, 5: muxtest.RST, 7: 0}
		for stream := range ends {
			r.Routes.Add(stream)
		}
		got, err := muxtest.Drain(r)
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
			t.Fatalf("cut %d: %v, yamux got\n% x\nwant\n% x", i, err, got, want)
		}
		for stream, want := range map[uint32][]byte{1: data, 3: slices.Concat(data, data)} {
			b := make([]byte, 64)
			if n, err := r.inbox(r.Routes.Find(stream)).Read(b); err != nil || !bytes.Equal(b[:n], want) {
				t.Fatalf("cut %d: stream %d: % x, %v", i, stream, b[:n], err)
			}
		}
		for stream, flags := range ends {
			if at := r.Routes.Find(stream); at == nil || at.ended.Load() != flags {
				t.Fatalf("cut %d: stream %d: %+v, want flags %x", i, stream, at, flags)
			}
		}
		if n := r.Routes.Find(5).Window.Load(); n != WindowSize+1<<20 {
			t.Fatalf("cut %d: window of %d", i, n)
		}
		if !r.IsLeaving() || !errors.Is(r.Cause(), io.EOF) || r.in.Load() != uint64(len(whole)) {
			t.Fatalf("cut %d: leaving %v, cause %v, %d bytes counted", i, r.IsLeaving(), r.Cause(), r.in.Load())
		}
	}
}

func TestBytesThatAreNoFrameAreTheCause(t *testing.T) {
	for name, b := range map[string][]byte{
		"a version": muxtest.Head(1, muxtest.Data, 0, 1, 0),
		"a type":    muxtest.Head(0, muxtest.GoAway+1, 0, 1, 0),
		"text":      []byte("HTTP/1.1 400 Bad Request"),
	} {
		r := newConn(&muxtest.Conn{Reads: [][]byte{b}, Err: errors.New("closed by us")})
		var fault error
		r.OnFault(func(err error) { fault = err })
		n, err := r.Read(make([]byte, 64))
		// The first reason counts, not its consequences.
		_, _ = r.Read(make([]byte, 64))
		_, ok := errors.AsType[*violation](r.Cause())
		if !ok || fault != r.Cause() || n != 0 || err != fault {
			t.Fatalf("%s: cause %v, fault %v; yamux got %d bytes and %v", name, r.Cause(), fault, n, err)
		}
	}
}

func TestTheSessionLearnsOfAFaultBeforeYamuxDoes(t *testing.T) {
	reset := errors.New("connection reset")
	r := newConn(&muxtest.Conn{Err: reset})
	var faults []error
	r.OnFault(func(err error) { faults = append(faults, err) })
	_, err := r.Read(make([]byte, 1))
	_, _ = r.Read(make([]byte, 1))
	if !errors.Is(err, reset) || len(faults) != 1 || !errors.Is(faults[0], reset) {
		t.Fatalf("%v, faults %v", err, faults)
	}
}

func TestWithoutAFaultTheCauseIsTheEnd(t *testing.T) {
	if err := newConn(&muxtest.Conn{}).Cause(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// A server pings its clients for ever. That is no use of the session and no sign of life:
// it arrives also while nothing that this side sends does. An answer is a sign of life.
func TestTheServersPingIsNoLifeAndTheAnswerToOursIsNoUse(t *testing.T) {
	r := newConn(&muxtest.Conn{Reads: [][]byte{muxtest.Head(0, 2, 1, 0, 1), muxtest.Head(0, 2, 2, 0, 1), append(muxtest.Head(0, muxtest.Data, 0, 1, 1), 'x')}, Err: io.EOF})
	r.cfg.Origin = r.cfg.Origin.Add(-time.Hour) // everything from now on is an hour later
	used := r.Signs.Data.Load()
	if err := r.readHead(); err != nil {
		t.Fatal(err)
	}
	if d := r.Silence(); d < time.Minute {
		t.Fatalf("silent for %v after the server's ping", d)
	}
	b := make([]byte, 64)
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	if d := r.Silence(); d > time.Minute {
		t.Fatalf("silent for %v after the answer to a ping", d)
	}
	if got := r.Signs.Data.Load(); got != used {
		t.Fatalf("used at %v, before the ping at %v", got, used)
	}
	if _, err := r.Read(b); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if got := r.Signs.Data.Load(); time.Duration(got-used) < time.Minute {
		t.Fatalf("used at %v, before the data at %v", got, used)
	}
}
