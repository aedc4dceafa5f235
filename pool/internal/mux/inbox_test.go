package mux

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// fed is a connection with a budget, to which a test gives frames.
type fed struct {
	*Conn
	t    *testing.T
	in   *muxtest.Conn
	sent [][]byte
	lost []uint32 // streams on which bytes were lost
}

func newFed(t *testing.T, most int64) *fed {
	f := &fed{t: t, in: &muxtest.Conn{}}
	f.in.Wrote = func(b []byte) { f.sent = append(f.sent, slices.Clone(b)) }
	f.Conn = inline(newConn(f.in))
	f.Share.budget = NewBudget(most)
	f.OnOverrun(func(stream uint32) { f.lost = append(f.lost, stream) })
	return f
}

// gets has frames come in, and returns what yamux gets.
func (f *fed) gets(frames ...[]byte) []byte {
	f.t.Helper()
	f.in.Reads = frames
	all, err := muxtest.Drain(f)
	if !errors.Is(err, io.EOF) {
		f.t.Fatal(err)
	}
	f.fault.Store(nil) // more may be written
	return all
}

func (f *fed) box(stream uint32) *inbox { return f.inbox(f.Routes.Find(stream)) }

func data(flags uint16, stream uint32, body []byte) []byte {
	return append(muxtest.Head(0, muxtest.Data, flags, stream, uint32(len(body))), body...)
}

func syn(stream uint32) []byte { return muxtest.Head(0, muxtest.Window, muxtest.SYN, stream, 0) }

// noise is n bytes that are not alike.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// What comes in for a stream of the server is kept from its first frame on, in whatever
// pieces, before yamux or anybody else knows of it; its end stands behind it.
func TestWhatComesInIsReadInOrderHoweverItArrives(t *testing.T) {
	body := noise(200_000)
	for _, size := range []int{1, 7, 511, 4096, 16 << 10, 100_000} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"as it is": func(r io.Reader) io.Reader { return r }, "bytewise": iotest.OneByteReader, "in halves": iotest.HalfReader,
		} {
			f := newFed(t, 1<<20)
			var frames []byte
			parts := slices.Collect(slices.Chunk(body, size))
			if size == 1 {
				parts = parts[:3000]
			}
			for i, part := range parts {
				flags := uint16(0)
				if i == 0 {
					flags |= muxtest.SYN
				}
				if i == len(parts)-1 {
					flags |= muxtest.FIN
				}
				frames = append(frames, data(flags, 2, part)...)
			}
			whole := bytes.Join(parts, nil)
			f.gets(frames)
			got, err := io.ReadAll(wrap(f.box(2)))
			if err != nil || !bytes.Equal(got, whole) {
				t.Fatalf("frames of %d, read %s: %d bytes of %d, %v", size, name, len(got), len(whole), err)
			}
			if held := f.Share.budget.Used(); held != 0 || f.box(2).size > chunkKept {
				t.Fatalf("frames of %d, read %s: %d bytes count, %d are held when all was read", size, name, held, f.box(2).size)
			}
		}
	}
}

func TestAnInboxHoldsLittleMoreThanItGot(t *testing.T) {
	for _, c := range []struct{ frames, size, most int }{
		{0, 0, 0},
		{1, 1, chunkLeast},
		{100, 1, chunkLeast},
		{10_000, 1, 10_000 + chunkLeast},
		{1, 5000, 5000},
		{300, 700, 300*700 + chunkMost},
		{1, 200_000, 200_000 + chunkMost},
		{16, 16 << 10, 256 << 10},
	} {
		f := newFed(t, 1<<30)
		f.gets(syn(2))
		for range c.frames {
			f.gets(data(0, 2, make([]byte, c.size)))
		}
		if got := f.box(2).size; got > c.most {
			t.Errorf("%d frames of %d bytes: %d are held", c.frames, c.size, got)
		}
	}
	f := newFed(t, 1<<30)
	f.gets(syn(2), muxtest.Head(0, muxtest.Data, 0, 2, WindowSize)) // announced, and nothing comes
	if got := f.box(2).size; got > chunkMost {
		t.Errorf("%d bytes are held for a frame that does not come", got)
	}
}

// Of each stream the first bytes are kept, whatever there is room for: a small request is
// served, and a large one can be refused in words.
func TestBytesForWhichThereIsNoRoomAreLostBehindThoseThatWereKept(t *testing.T) {
	const most = 64 << 10
	f, body := newFed(t, most), noise(WindowSize)
	const streams = 40
	for i := range uint32(streams) {
		f.gets(syn(2+2*i), data(0, 2+2*i, body))
	}
	held := 0
	for i := range uint32(streams) {
		box := f.box(2 + 2*i)
		held += box.size
		got, err := io.ReadAll(box)
		if !errors.Is(err, ErrOverrun) || len(got) < FreeBytes || !bytes.Equal(got, body[:len(got)]) {
			t.Fatalf("stream %d: %d bytes, %v", 2+2*i, len(got), err)
		}
		if _, err := box.Read(make([]byte, 1)); !errors.Is(err, ErrOverrun) {
			t.Fatalf("stream %d: %v when read again", 2+2*i, err)
		}
	}
	if limit := most*3/4 + streams*FreeBytes; held > limit || len(f.lost) != streams {
		t.Fatalf("%d bytes were held, of %d; bytes were lost on %v", held, limit, f.lost)
	}
	if n := f.Share.budget.Used(); n != 0 {
		t.Fatalf("%d bytes count when all was read", n)
	}
	// There is room again, for another stream.
	f.gets(syn(1000), data(muxtest.FIN, 1000, body[:30_000]))
	if got, err := io.ReadAll(f.box(1000)); err != nil || !bytes.Equal(got, body[:30_000]) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestStreamsOfThisSideDoNotCount(t *testing.T) {
	f, body := newFed(t, 1), noise(WindowSize)
	f.Routes.Add(1)
	f.gets(data(muxtest.FIN, 1, body))
	if got, err := io.ReadAll(f.box(1)); err != nil || !bytes.Equal(got, body) || len(f.lost) != 0 {
		t.Fatalf("%d bytes, %v; lost on %v", len(got), err, f.lost)
	}
}

func TestWhatWasNotReadIsForgottenWithItsStream(t *testing.T) {
	body := noise(100_000)
	for name, end := range map[string]func(f *fed){
		"the server resets it":        func(f *fed) { f.gets(muxtest.Head(0, muxtest.Window, muxtest.RST, 2, 0)) },
		"this side is done with it":   func(f *fed) { f.Drop(2) },
		"this side resets it":         func(f *fed) { f.Reset(2, func() {}, nil) },
		"yamux resets it":             func(f *fed) { _, _ = f.Write(muxtest.Head(0, muxtest.Window, muxtest.RST, 2, 0)) },
		"the session is over":         func(f *fed) { f.Forget() },
		"and more comes in behind it": func(f *fed) { f.Drop(2); f.gets(data(0, 2, body), data(muxtest.FIN, 2, body)) },
	} {
		f := newFed(t, 1<<30)
		f.gets(syn(2), data(0, 2, body))
		box := f.box(2)
		if f.Share.budget.Used() < int64(len(body))-FreeBytes {
			t.Fatalf("%d bytes count", f.Share.budget.Used())
		}
		if end(f); f.Share.budget.Used() != 0 || box.size != 0 || box.chunks != nil {
			t.Errorf("%s: %d bytes count, %d are held", name, f.Share.budget.Used(), box.size)
		}
		if n, err := box.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%s: %d bytes were read, %v", name, n, err)
		}
	}
}

// A stream that is forgotten before anything came in must not get what comes in then: the
// goroutine that reads may have found its route before.
func TestWhatComesInForAStreamThatIsBeingForgottenIsNotKept(t *testing.T) {
	f := newFed(t, 1<<30)
	f.gets(syn(2))
	r := f.Routes.Find(2)
	f.Drop(2)
	if b := f.inbox(r).Space(100); b != nil || f.Share.budget.Used() != 0 {
		t.Fatal("it has room")
	}
}

func TestTheEndOfAStreamIsSeenAlsoIfItComesFirst(t *testing.T) {
	for flags, want := range map[uint16]error{muxtest.FIN: io.EOF, muxtest.RST: ErrReset} {
		f := newFed(t, 1<<20)
		f.gets(muxtest.Head(0, muxtest.Window, muxtest.SYN|flags, 2, 0))
		if _, err := f.box(2).Read(make([]byte, 1)); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	// One that comes with data is none before that is there: a reader may just be making its inbox.
	f := newFed(t, 1<<20)
	f.gets(syn(2), muxtest.Head(0, muxtest.Data, muxtest.FIN, 2, 3))
	if err := f.Routes.Find(2).Ended(); err != nil {
		t.Errorf("%v before the data", err)
	}
}

func TestAPeerIsAllowedMoreAsItIsReadAndNotBefore(t *testing.T) {
	f, body := newFed(t, 1<<30), noise(WindowSize)
	f.gets(syn(2), data(0, 2, body))
	if len(f.sent) != 0 {
		t.Fatalf("sent % x", f.sent)
	}
	b := make([]byte, WindowSize/2-1)
	_, _ = io.ReadFull(f.box(2), b)
	if len(f.sent) != 0 {
		t.Fatalf("sent % x", f.sent)
	}
	_, _ = io.ReadFull(f.box(2), b[:1])
	want := [][]byte{muxtest.Head(0, muxtest.Window, 0, 2, WindowSize/2)}
	if !slices.EqualFunc(f.sent, want, slices.Equal) {
		t.Fatalf("sent % x", f.sent)
	}
	f.gets(data(0, 2, body[:WindowSize/2]))
	f.in.Reads = [][]byte{data(0, 2, body[:1])}
	_, err := muxtest.Drain(f)
	if _, ok := errors.AsType[*violation](err); !ok {
		t.Fatalf("a byte more than was allowed: %v", err)
	}
}

// A frame that allows more may be on its way for long. One that waits is enough; one that is
// being written the peer may have.
func TestAReaderAllowsMoreWhileTheLastLeaveIsBeingWritten(t *testing.T) {
	for state, more := range map[FrameState]bool{FrameNew: false, FrameQueued: false, FrameWriting: true, FrameWritten: true} {
		f := newFed(t, 1<<30)
		f.gets(syn(2), data(0, 2, noise(WindowSize)))
		box := f.box(2)
		box.credit = new(Frame)
		box.credit.state.Store(uint32(state))
		_, _ = io.ReadFull(box, make([]byte, WindowSize))
		if sent := len(f.sent) > 0; sent != more {
			t.Errorf("in state %d: sent % x", state, f.sent)
		}
	}
}

func TestAReaderIsWokenByADeadlineByDataAndByTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		wake func(f *fed)
		want error
	}{
		"a deadline":                {func(f *fed) { f.box(2).setDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"a deadline that comes":     {func(f *fed) { f.box(2).setDeadline(time.Now().Add(time.Millisecond)) }, os.ErrDeadlineExceeded},
		"data":                      {func(f *fed) { f.gets(data(0, 2, []byte("ab"))) }, nil},
		"the end":                   {func(f *fed) { f.gets(muxtest.Head(0, muxtest.Window, muxtest.FIN, 2, 0)) }, io.EOF},
		"a reset":                   {func(f *fed) { f.gets(muxtest.Head(0, muxtest.Window, muxtest.RST, 2, 0)) }, ErrReset},
		"the end of the connection": {func(f *fed) { close(f.done) }, io.EOF},
	} {
		f := newFed(t, 1<<20)
		f.gets(syn(2))
		const readers = 2
		errs := make(chan error, readers)
		for range readers {
			go func() { _, err := f.box(2).Read(make([]byte, 1)); errs <- err }()
		}
		c.wake(f)
		for range readers {
			select {
			case err := <-errs:
				if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
					t.Errorf("%s: %v", name, err)
				}
			case <-time.After(patience):
				t.Fatalf("%s wakes nobody", name)
			}
		}
	}
}

func TestAReaderWithoutRoomReadsNothing(t *testing.T) {
	f := newFed(t, 1<<20)
	f.gets(syn(2))
	if n, err := f.box(2).Read(nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
}

// A stream that is read, dropped and written to by the transport at once.
func TestManyReadersAndAWriterShareAnInbox(t *testing.T) {
	const frames, size = 300, 3000
	f := newFed(t, 1<<30)
	f.gets(syn(2))
	box := f.box(2)
	got := make(chan int, 4)
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			n := 0
			for b := make([]byte, 1+1000*i); ; {
				m, err := box.Read(b)
				if n += m; err != nil {
					got <- n
					return
				}
			}
		})
	}
	for range frames {
		for box.Admit(size) != nil { // until something was read
			runtime.Gosched()
		}
		for left := size; left > 0; {
			b := box.Space(left)
			left -= len(b)
			box.Received(len(b), left, true)
		}
	}
	box.StreamEnded(io.EOF)
	readers.Wait()
	all := 0
	for range 4 {
		all += <-got
	}
	if all != frames*size || f.Share.budget.Used() != 0 {
		t.Fatalf("%d bytes of %d were read; %d count", all, frames*size, f.Share.budget.Used())
	}
}
