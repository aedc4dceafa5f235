package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestARequestIsOneFrameOnAStreamThatIsOpenedOnce(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	for i := range 3 {
		c := call(within(t), p, f.addr, "X.Y", "question")
		if i == 0 {
			f.opened(1)
			f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
		}
		f.says(frameOf(kindData, 0, 1, 0, answer(t, f.request(1), i)))
		if r := receive(t, "the call", c); r.err != nil || r.reply != int64(i) {
			t.Fatalf("%v, %v; want %d", r.reply, r.err, i)
		}
	}
	if len(f.frames) != 0 {
		t.Fatalf("%+v as well", <-f.frames)
	}
}

// However the bytes of the replies are cut, each caller gets its own.
func TestRepliesArriveCutAtEveryByte(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	var all []<-chan result
	var replies []byte
	for i := range 3 {
		stream := uint32(2*i + 1)
		all = append(all, call(within(t), p, f.addr, "X.Y", i))
		f.opened(stream)
		reply := answer(t, f.request(stream), fmt.Sprint("reply ", i))
		replies = append(replies, frameOf(kindData, ackFlag, stream, 0, reply[:7])...)
		replies = append(replies, frameOf(kindData, 0, stream, 0, reply[7:])...)
	}
	for i := range replies {
		f.says(replies[i : i+1])
	}
	for i, c := range all {
		if r := receive(t, "the call", c); r.err != nil || r.reply != fmt.Sprint("reply ", i) {
			t.Fatalf("%v, %v", r.reply, r.err)
		}
	}
}

func TestARequestBeyondTheWindowWaitsForRoomAndSoDoesItsReply(t *testing.T) {
	const size, start = 5 << 20, 256 << 10
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	args := make([]byte, size)
	for i := range args {
		args[i] = byte(i * 7 >> 3)
	}
	c := make(chan error, 1)
	var got []byte
	go func() { c <- p.Call(within(t), f.addr, "X.Y", args, &got) }()
	f.next(kindWindow, synFlag, 1)
	var request []byte
	window := start
	for len(request) < size+40 && !bytes.HasSuffix(request, args[size-64:]) {
		s := f.next(kindData, 0, 1)
		if window -= len(s.body); window < 0 {
			t.Fatalf("%d bytes more than the window has room for", -window)
		}
		request = append(request, s.body...)
		if window < 1000 { // a slow reader: little by little
			f.says(frameOf(kindWindow, 0, 1, 77_777, nil))
			window += 77_777
		}
	}
	if !bytes.HasSuffix(request, args) || request[0] != 1 {
		t.Fatalf("%d bytes, not the request", len(request))
	}
	reply := answer(t, f.seq(request[1:]), args)
	window = start
	for len(reply) > 0 {
		for n := min(len(reply), window, 50_000); n > 0; n = min(len(reply), window, 50_000) {
			f.says(frameOf(kindData, 0, 1, 0, reply[:n]))
			reply, window = reply[n:], window-n
		}
		if len(reply) > 0 {
			window += int(f.next(kindWindow, 0, 1).length)
		}
	}
	if err := receive(t, "the call", c); err != nil || !bytes.Equal(got, args) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

// A caller may leave whenever it wants. What it leaves behind is reported exactly, is
// closed, and is not used by another call.
func TestACancelledCallReportsHowFarItCame(t *testing.T) {
	for name, c := range map[string]struct {
		args   any
		before func(f *framePeer)
		at     pool.Phase
		rest   []byte // that comes too late
	}{
		"waiting for room":  {make([]byte, 300<<10), func(f *framePeer) { f.windowful(1) }, pool.PhaseWrite, nil},
		"without an answer": {"question", func(f *framePeer) { f.request(1) }, pool.PhaseFlushed, answer(t, 1, "late")},
		"amid an answer": {"question", func(f *framePeer) {
			f.says(frameOf(kindData, 0, 1, 0, answer(t, f.request(1), "late")[:9]))
		}, pool.PhaseRead, answer(t, 1, "late")[9:]},
	} {
		t.Run(name, func(t *testing.T) {
			f, p := startFramePeer(t), newPool(t, pool.Config{})
			ctx, cancel := context.WithCancel(t.Context())
			left := call(ctx, p, f.addr, "X.Y", c.args)
			f.opened(1)
			f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
			c.before(f)
			f.settle()
			cancel()
			failed(t, receive(t, "the call", left).err, c.at, pool.MaybeExecuted, context.Canceled)
			f.next(kindWindow, finFlag, 1)
			await(t, "the call's end", func() bool { return p.Stats().CallsInFlight == 0 })
			next := call(within(t), p, f.addr, "X.Y", "next")
			f.opened(3)
			if c.rest != nil {
				f.says(frameOf(kindData, finFlag, 1, 0, c.rest))
			}
			f.says(frameOf(kindData, ackFlag, 3, 0, answer(t, f.request(3), "its own")))
			if r := receive(t, "the next call", next); r.err != nil || r.reply != "its own" {
				t.Fatalf("%v, %v", r.reply, r.err)
			}
		})
	}
}

// The peer leaves so many streams unanswered that no other is opened.
func TestACallThatIsCancelledWhileItWaitsForAStreamOpensNone(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	const most = pool.OpeningsFirst
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var held []<-chan result
	for i := range uint32(most) {
		held = append(held, call(ctx, p, f.addr, "X.Y", "held"))
		f.opened(2*i + 1)
		f.request(2*i + 1)
	}
	soon, leave := context.WithCancel(t.Context())
	left := call(soon, p, f.addr, "X.Y", "never sent")
	streamed := make(chan error, 1)
	go func() {
		_, err := p.Stream(soon, f.addr, "X.Y")
		streamed <- err
	}()
	await(t, "the calls", func() bool { return p.Stats().CallsInFlight == most+2 })
	leave()
	failed(t, receive(t, "the call", left).err, pool.PhaseOpen, pool.NotSent, context.Canceled)
	failed(t, receive(t, "the streaming call", streamed), pool.PhaseOpen, pool.NotSent, context.Canceled)

	// The next one that waits has the stream.
	next := call(within(t), p, f.addr, "X.Y", "next")
	await(t, "the next call", func() bool { return p.Stats().CallsInFlight == most+1 })
	f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
	f.opened(2*most + 1)
	f.says(frameOf(kindData, ackFlag, 2*most+1, 0, answer(t, f.request(2*most+1), "its own")))
	if r := receive(t, "the next call", next); r.err != nil || r.reply != "its own" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	cancel()
	for _, c := range held {
		failed(t, receive(t, "a waiting call", c).err, pool.PhaseFlushed, pool.MaybeExecuted, context.Canceled)
	}
	// Of the streams that were left, that one ends whose opening was acknowledged, and the
	// others do with their acknowledgements.
	f.next(kindWindow, finFlag, 1)
	f.settle()
	if len(f.frames) > 0 {
		t.Fatalf("%+v before the acknowledgement", <-f.frames)
	}
	for i := range uint32(most - 1) {
		f.says(frameOf(kindWindow, ackFlag, 2*i+3, 0, nil))
		f.next(kindWindow, finFlag, 2*i+3)
	}
}

// A peer that answers what it has not acknowledged leaves no room for another stream.
func TestACallThatWaitsForAStreamTakesTheOneThatIsIdleFirst(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	const most = pool.OpeningsFirst
	var calls []<-chan result
	var seqs []uint64
	for i := range uint32(most) {
		calls = append(calls, call(within(t), p, f.addr, "X.Y", "held"))
		f.opened(2*i + 1)
		seqs = append(seqs, f.request(2*i+1))
	}
	next := call(within(t), p, f.addr, "X.Y", "next")
	await(t, "the next call", func() bool { return p.Stats().CallsInFlight == most+1 })
	f.says(frameOf(kindData, 0, 7, 0, answer(t, seqs[3], "first")))
	f.says(frameOf(kindData, 0, 7, 0, answer(t, f.request(7), "its own")))
	if r := receive(t, "the next call", next); r.err != nil || r.reply != "its own" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	for i, c := range calls {
		if i != 3 {
			f.says(frameOf(kindData, 0, uint32(2*i+1), 0, answer(t, seqs[i], "other")))
		}
		if r := receive(t, "a call", c); r.err != nil {
			t.Fatal(r.err)
		}
	}
}

func TestAStreamThatThePeerEndsFailsItsCallOnly(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(stream uint32, reply []byte) []byte
		at    pool.Phase
		cause error
	}{
		"FIN": {func(s uint32, _ []byte) []byte { return frameOf(kindWindow, finFlag, s, 0, nil) }, pool.PhaseFlushed, io.EOF},
		"RST": {func(s uint32, _ []byte) []byte { return frameOf(kindWindow, rstFlag, s, 0, nil) }, pool.PhaseFlushed, yamux.ErrConnectionReset},
		"FIN with a part of the reply": {func(s uint32, b []byte) []byte {
			return frameOf(kindData, finFlag, s, 0, b[:5])
		}, pool.PhaseRead, io.EOF},
		"FIN with the reply": {func(s uint32, b []byte) []byte { return frameOf(kindData, finFlag, s, 0, b) }, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, p := startFramePeer(t), newPool(t, pool.Config{})
			ended := call(within(t), p, f.addr, "X.Y", 1)
			f.opened(1)
			seq := f.request(1)
			other := call(within(t), p, f.addr, "X.Y", 2)
			f.opened(3)
			otherSeq := f.request(3)
			f.says(frameOf(kindWindow, ackFlag, 1, 0, nil), c.end(1, answer(t, seq, "there")),
				frameOf(kindData, 0, 99, 0, []byte("for nobody")),
				frameOf(kindData, ackFlag, 3, 0, answer(t, otherSeq, "other")))
			r := receive(t, "the call", ended)
			if c.cause == nil {
				if r.err != nil || r.reply != "there" {
					t.Fatalf("%v, %v", r.reply, r.err)
				}
			} else {
				failed(t, r.err, c.at, pool.MaybeExecuted, c.cause)
				failed(t, r.err, c.at, pool.MaybeExecuted, pool.ErrStreamEnded)
			}
			if r := receive(t, "the other call", other); r.err != nil || r.reply != "other" {
				t.Fatalf("%v, %v", r.reply, r.err)
			}
			// Only the other's stream is used again.
			again := call(within(t), p, f.addr, "X.Y", 3)
			s := receive(t, "a frame", f.frames)
			for ; s.kind != kindData; s = receive(t, "a frame", f.frames) {
				if s.stream != 1 || s.flags != finFlag {
					t.Fatalf("%+v", s)
				}
			}
			f.says(frameOf(kindData, 0, 3, 0, answer(t, f.seq(s.body), "again")))
			if r := receive(t, "the third call", again); s.stream != 3 || r.err != nil || r.reply != "again" {
				t.Fatalf("on stream %d: %v, %v", s.stream, r.reply, r.err)
			}
		})
	}
}

// Thousands of call streams, each found by its number, and every reply is the right one.
func TestThousandsOfCallsShareASession(t *testing.T) {
	const callers, calls = 4096, 3
	f := startFramePeer(t)
	p := newPool(t, pool.Config{MaxIdleStreams: callers})
	ctx := within(t)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range calls {
				var got uint64
				if err := p.Call(ctx, f.addr, "X.Y", i*calls+j, &got); err != nil {
					t.Errorf("call %d of caller %d: %v", j, i, err)
				}
			}
		})
	}
	seen := map[uint64]bool{}
	var replies []byte
	for len(seen) < callers*calls && !t.Failed() {
		switch s := receive(t, "a frame", f.frames); {
		case s.flags == synFlag:
			f.says(frameOf(kindWindow, ackFlag, s.stream, 0, nil))
		case len(s.body) > 1:
			seq := f.seq(s.body)
			seen[seq] = true
			replies = append(replies, frameOf(kindData, 0, s.stream, 0, answer(t, seq, seq))...)
		}
		// All of the first are there before any is answered: as many call streams.
		if len(seen) >= callers && len(f.frames) == 0 {
			f.says(replies)
			replies = replies[:0]
		}
	}
	f.says(replies)
	wg.Wait()
	if st := p.Stats(); st.Streams != callers || st.IdleStreams != callers || st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}
