package mux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// patience is how long a test waits for an event that must come.
const patience = 30 * time.Second

// violation is the error of Config.Violation.
type violation struct {
	Reason string
	Err    error
}

func (e *violation) Error() string { return e.Reason }

func newConn(conn net.Conn) *Conn {
	return New(conn, Config{
		Origin: time.Now(), In: new(atomic.Uint64), Out: new(atomic.Uint64),
		Violation: func(reason string, err error) error { return &violation{reason, err} },
	})
}

// inline has the sender write, in place of a goroutine.
func inline(c *Conn) *Conn {
	c.spawn = func(f func()) bool { f(); return true }
	return c
}

// awaitTrue waits until done is true.
func awaitTrue(t *testing.T, what string, done func() bool) {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not in time", what)
		}
	}
}

func write(t *testing.T, w *Conn, parts ...[]byte) {
	t.Helper()
	for _, b := range parts {
		if n, err := w.Write(b); n != len(b) || err != nil {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
	}
}

func TestAHeadAndItsBodyAreWrittenAtOnce(t *testing.T) {
	c := &muxtest.Conn{}
	w := newConn(c)
	var want [][]byte
	for _, n := range []int{1, 12, 100, joinLimit - HeadSize} { // 12 is as long as a head
		head, body := muxtest.Head(0, muxtest.Data, 0, 1, uint32(n)), bytes.Repeat([]byte{0}, n)
		write(t, w, head, body)
		want = append(want, slices.Concat(head, body))
	}
	if !slices.EqualFunc(c.Writes, want, bytes.Equal) {
		t.Fatalf("%d writes, want %d", len(c.Writes), len(want))
	}
	if n := w.out.Load(); n != uint64(3*HeadSize+1+12+100+joinLimit) {
		t.Fatalf("%d bytes counted", n)
	}
}

func TestALargeBodyIsNotCopiedBehindItsHead(t *testing.T) {
	c := &muxtest.Conn{}
	w := newConn(c)
	head, body := muxtest.Head(0, muxtest.Data, 0, 1, 2*joinLimit), bytes.Repeat([]byte{7}, 2*joinLimit)
	write(t, w, head, body)
	write(t, w, head, body)
	if got := bytes.Join(c.Writes, nil); !bytes.Equal(got, slices.Concat(head, body, head, body)) {
		t.Fatalf("%d bytes written in %d writes", len(got), len(c.Writes))
	}
	if cap(w.pendingHead) > joinLimit {
		t.Fatalf("%d bytes kept", cap(w.pendingHead))
	}
	if n := w.out.Load(); n != uint64(2*(HeadSize+2*joinLimit)) {
		t.Fatalf("%d bytes counted", n)
	}
}

func TestFramesWithoutABodyAreWrittenAsTheyCome(t *testing.T) {
	c := &muxtest.Conn{}
	w := newConn(c)
	want := [][]byte{
		{0x06},
		muxtest.Head(0, 2, 1, 0, 7), // ping
		muxtest.Head(0, 1, 1, 1, 0), // window update
		muxtest.Head(0, muxtest.Data, muxtest.FIN, 1, 0), // empty data
		muxtest.Head(0, muxtest.GoAway, 0, 0, 0),         // farewell
		muxtest.Head(0, 1, muxtest.FIN, 1, 1<<31),        // its length is no body
		bytes.Repeat([]byte{0}, HeadSize+1),              // no head
	}
	write(t, w, want...)
	if !slices.EqualFunc(c.Writes, want, bytes.Equal) {
		t.Fatalf("% x", c.Writes)
	}
}

func TestAFailedWriteIsTheCause(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, body := range map[string][]byte{"joined": make([]byte, 10), "large": make([]byte, 2*joinLimit)} {
		w := newConn(&muxtest.Conn{Err: broken})
		fault := make(chan error, 1)
		w.OnFault(func(err error) { fault <- err })
		write(t, w, muxtest.Head(0, muxtest.Data, 0, 1, uint32(len(body)))) // kept, so nothing fails yet
		if n, err := w.Write(body); n != 0 || !errors.Is(err, broken) {
			t.Fatalf("%s: %d, %v", name, n, err)
		}
		if err := <-fault; !errors.Is(w.Cause(), broken) || !errors.Is(err, broken) {
			t.Fatalf("%s: cause %v, fault %v", name, w.Cause(), err)
		}
	}
	w := newConn(&muxtest.Conn{Err: broken})
	if _, err := w.Write([]byte{6}); !errors.Is(err, broken) || !errors.Is(w.Cause(), broken) {
		t.Fatalf("%v, cause %v", err, w.Cause())
	}
}

// sheet is a frame whose bytes are all the same.
func sheet(fill byte, size int) *Frame {
	return &Frame{Bytes: bytes.Repeat([]byte{fill}, size)}
}

// settled waits until a frame is its sender's again.
func settled(t *testing.T, f *Frame) FrameState {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(time.Millisecond) // for frames without Notify
	defer tick.Stop()
	for {
		if at := f.State(); at != FrameQueued && at != FrameWriting {
			return at
		}
		select {
		case <-f.Notify:
		case <-tick.C:
		case <-late:
			t.Fatalf("in state %d", f.State())
		}
	}
}

// Frames that are queued during a write go out in one write behind it, in order,
// except withdrawn frames, which do not go out at all.
func TestFramesThatWaitForTheTokenShareAWrite(t *testing.T) {
	c := &muxtest.Conn{Hold: make(chan struct{})}
	w := newConn(c)
	first := sheet('a', 20)
	first.Notify = make(chan struct{}, 1)
	w.Send(first)
	c.Hold <- struct{}{} // it is written; the next Write waits again
	settled(t, first)

	blocking, others := sheet('b', 20), []*Frame{sheet('c', 30), sheet('d', 40), sheet('e', 50)}
	w.Send(blocking)
	for blocking.State() != FrameWriting {
		select {
		case <-t.Context().Done():
			t.Fatal("no goroutine writes")
		default:
		}
	}
	for _, f := range others {
		f.Notify = make(chan struct{}, 1)
		w.Send(f)
	}
	if at := others[1].Recall(0); at != FrameWithdrawn {
		t.Fatalf("a frame that waits: in state %d after it was withdrawn", at)
	}
	if at := blocking.Recall(0); at != FrameWriting {
		t.Fatalf("a frame that is being written: in state %d", at)
	}
	close(c.Hold)
	if at := settled(t, others[0]); at != FrameWritten {
		t.Fatalf("in state %d", at)
	}
	settled(t, others[2])
	want := []string{string(first.Bytes), string(blocking.Bytes), string(others[0].Bytes) + string(others[2].Bytes)}
	if got := texts(c.Writes); !slices.Equal(got, want) {
		t.Fatalf("%q\nwant %q", got, want)
	}
}

func texts(all [][]byte) (out []string) {
	for _, b := range all {
		out = append(out, string(b))
	}
	return out
}

// After a failed write each frame in it knows whether any byte of it went out, and
// nothing follows.
func TestAFailedWriteTellsWhichFramesWereNotSent(t *testing.T) {
	for room, want := range map[int][]FrameState{
		0:  {FrameRefused, FrameRefused, FrameRefused},
		1:  {FrameTorn, FrameRefused, FrameRefused},
		20: {FrameWritten, FrameRefused, FrameRefused},
		35: {FrameWritten, FrameTorn, FrameRefused},
	} {
		c := &muxtest.Conn{Err: errors.New("broken"), Room: room}
		w := newConn(c)
		var during []FrameState
		all := []*Frame{sheet('a', 20), sheet('b', 20), sheet('c', 20)}
		w.onFault = func(error) {
			for _, f := range all {
				during = append(during, f.State())
			}
		}
		for _, f := range all {
			w.enqueue(f)
		}
		w.flush()
		if !slices.Equal(during, want) {
			t.Fatalf("%d bytes went out: states %v at the fault, want %v", room, during, want)
		}
		late := sheet('d', 20)
		late.Notify = make(chan struct{}, 1)
		c.Err = nil // it would work again
		w.Send(late)
		if at := settled(t, late); at != FrameRefused || len(c.Writes) != 0 {
			t.Fatalf("behind the failure: state %d, %d writes", at, len(c.Writes))
		}
	}
}

// sender sends frames of one stream, up to four at once, and takes some of them back.
type sender struct {
	*Conn
	stream   uint32
	chance   *rand.Rand
	waiting  []*Frame
	numbers  []uint32 // of waiting
	written  []uint32
	returned int
}

// numberedFrame is a frame whose body is its number, over and over.
func numberedFrame(stream, number uint32, words int) *Frame {
	b := make([]byte, HeadSize)
	for range words {
		b = binary.BigEndian.AppendUint32(b, number)
	}
	f := new(Frame)
	f.SetData(stream, b)
	return f
}

func (s *sender) run(t *testing.T, frames int) {
	for number := range uint32(frames) {
		words := 1 + s.chance.IntN(100)
		if s.chance.IntN(20) == 0 {
			words = joinLimit/4 + s.chance.IntN(1000)
		}
		f := numberedFrame(s.stream, number, words)
		if s.chance.IntN(2) == 0 {
			f.Notify = make(chan struct{}, 1)
		}
		if s.chance.IntN(2) == 0 {
			s.CallerReady()
			s.Join(f)
			s.CallerRuns()
		} else {
			s.Send(f)
		}
		s.waiting, s.numbers = append(s.waiting, f), append(s.numbers, number)
		if at := s.chance.IntN(len(s.waiting)); s.chance.IntN(3) == 0 && s.waiting[at].Recall(s.chance.IntN(3)) == FrameWithdrawn {
			s.waiting, s.numbers = slices.Delete(s.waiting, at, at+1), slices.Delete(s.numbers, at, at+1)
			s.returned++
		}
		for len(s.waiting) > 4 || int(number) == frames-1 && len(s.waiting) > 0 {
			if at := settled(t, s.waiting[0]); at != FrameWritten {
				t.Errorf("sender %d: frame %d in state %d", s.stream, s.numbers[0], at)
			}
			s.written = append(s.written, s.numbers[0])
			s.waiting, s.numbers = s.waiting[1:], s.numbers[1:]
		}
	}
}

// arrived reads frames in small pieces until the end, and returns the numbers of each
// stream in the order in which they came.
func arrived(t *testing.T, far io.Reader) map[uint32][]uint32 {
	numbers, chance := map[uint32][]uint32{}, rand.New(rand.NewPCG(1, 2))
	fill := func(b []byte) error {
		for n := 0; n < len(b); {
			got, err := far.Read(b[n:min(len(b), n+1+chance.IntN(1000))])
			if n += got; err != nil {
				return err
			}
			runtime.Gosched()
		}
		return nil
	}
	head := make([]byte, HeadSize)
	for fill(head) == nil {
		_, stream, length := headOf(head)
		body := make([]byte, length)
		if err := fill(body); err != nil || length < 4 || !bytes.Equal(body, bytes.Repeat(body[:4], int(length)/4)) {
			t.Errorf("stream %d: a frame of %d bytes is torn or mixed with another: %v", stream, length, err)
			return numbers
		}
		numbers[stream] = append(numbers[stream], binary.BigEndian.Uint32(body))
	}
	return numbers
}

// manySenders has many senders send frames to a peer that reads slowly, and checks that
// each frame which they count as written arrives once, whole and in its sender's order,
// and that no other one does.
func manySenders(t *testing.T, near, far net.Conn) {
	const senders, frames = 32, 150
	w := newConn(near)
	got := make(chan map[uint32][]uint32, 1)
	go func() { got <- arrived(t, far) }()
	var all []*sender
	var sending sync.WaitGroup
	for i := range uint32(senders) {
		s := &sender{Conn: w, stream: i, chance: rand.New(rand.NewPCG(uint64(i), 3))}
		all = append(all, s)
		sending.Go(func() { s.run(t, frames) })
	}
	sending.Wait()
	awaitTrue(t, "the end of writing", func() bool { return !w.waiting() && !w.busy.Load() && (w.nb == nil || w.nb.Pending() == 0) })
	_ = near.Close()
	numbers, returned := <-got, 0
	for _, s := range all {
		if !slices.Equal(numbers[s.stream], s.written) {
			t.Errorf("sender %d: %v arrived\nwant %v", s.stream, numbers[s.stream], s.written)
		}
		returned += s.returned
	}
	if returned == 0 || w.Queued() != 0 {
		t.Errorf("%d frames were withdrawn, %d are thought to wait", returned, w.Queued())
	}
}

func TestEachFrameOfManySendersArrivesOnceAndInOrderUnlessItWasWithdrawn(t *testing.T) {
	near, far := net.Pipe()
	manySenders(t, near, far)
}
