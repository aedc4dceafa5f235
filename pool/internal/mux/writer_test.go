package mux

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// paperConn notes what is written, and reads from a script.
type paperConn struct {
	net.Conn
	writes [][]byte
	reads  [][]byte // one per Read; then err, or the end
	err    error    // of writes and, in the end, of reads
	hold   chan struct{}
	room   int            // bytes that are written before err; 0: none
	wrote  func(b []byte) // is called before Write returns; may be nil
}

func (c *paperConn) Write(b []byte) (int, error) {
	if c.hold != nil {
		<-c.hold
	}
	if c.err != nil {
		n := min(c.room, len(b))
		c.room -= n
		return n, c.err
	}
	c.writes = append(c.writes, bytes.Clone(b))
	if c.wrote != nil {
		c.wrote(b)
	}
	return len(b), nil
}

func (c *paperConn) Read(b []byte) (int, error) {
	if len(c.reads) == 0 {
		return 0, cmp.Or(c.err, io.EOF)
	}
	n := copy(b, c.reads[0])
	if c.reads[0] = c.reads[0][n:]; len(c.reads[0]) == 0 {
		c.reads = c.reads[1:]
	}
	return n, nil
}

func tapOn(c *paperConn) *tap {
	return newTap(c, time.Now(), new(atomic.Uint64), new(atomic.Uint64))
}

// frame is the head of a yamux frame.
func frame(version, kind byte, flags uint16, stream, length uint32) []byte {
	b := []byte{version, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return binary.BigEndian.AppendUint32(b, length)
}

func write(t *testing.T, w *tap, parts ...[]byte) {
	t.Helper()
	for _, b := range parts {
		if n, err := w.Write(b); n != len(b) || err != nil {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
	}
}

func TestAHeadAndItsBodyAreWrittenAtOnce(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	var want [][]byte
	for _, n := range []int{1, 12, 100, joinLimit - frameHead} { // 12 is as long as a head
		head, body := frame(0, frameData, 0, 1, uint32(n)), bytes.Repeat([]byte{0}, n)
		write(t, w, head, body)
		want = append(want, slices.Concat(head, body))
	}
	if !slices.EqualFunc(c.writes, want, bytes.Equal) {
		t.Fatalf("%d writes, want %d", len(c.writes), len(want))
	}
	if n := w.out.Load(); n != uint64(3*frameHead+1+12+100+joinLimit) {
		t.Fatalf("%d bytes counted", n)
	}
}

func TestALargeBodyIsNotCopiedBehindItsHead(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	head, body := frame(0, frameData, 0, 1, 2*joinLimit), bytes.Repeat([]byte{7}, 2*joinLimit)
	write(t, w, head, body)
	write(t, w, head, body)
	if got := bytes.Join(c.writes, nil); !bytes.Equal(got, slices.Concat(head, body, head, body)) {
		t.Fatalf("%d bytes written in %d writes", len(got), len(c.writes))
	}
	if cap(w.held) > joinLimit {
		t.Fatalf("%d bytes kept", cap(w.held))
	}
	if n := w.out.Load(); n != uint64(2*(frameHead+2*joinLimit)) {
		t.Fatalf("%d bytes counted", n)
	}
}

func TestFramesWithoutABodyAreWrittenAsTheyCome(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	want := [][]byte{
		{0x06},
		frame(0, 2, 1, 0, 7),                 // ping
		frame(0, 1, 1, 1, 0),                 // window update
		frame(0, frameData, flagFIN, 1, 0),   // empty data
		frame(0, frameGoAway, 0, 0, 0),       // farewell
		frame(0, 1, flagFIN, 1, 1<<31),       // its length is no body
		bytes.Repeat([]byte{0}, frameHead+1), // no head
	}
	write(t, w, want...)
	if !slices.EqualFunc(c.writes, want, bytes.Equal) {
		t.Fatalf("% x", c.writes)
	}
}

func TestAFailedWriteIsTheCause(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, body := range map[string][]byte{"joined": make([]byte, 10), "large": make([]byte, 2*joinLimit)} {
		w := tapOn(&paperConn{err: broken})
		told := make(chan error, 1)
		w.broken = func(err error) { told <- err }
		write(t, w, frame(0, frameData, 0, 1, uint32(len(body)))) // held, so nothing fails yet
		if n, err := w.Write(body); n != 0 || !errors.Is(err, broken) {
			t.Fatalf("%s: %d, %v", name, n, err)
		}
		if err := <-told; !errors.Is(w.cause(), broken) || !errors.Is(err, broken) {
			t.Fatalf("%s: cause %v, told %v", name, w.cause(), err)
		}
	}
	w := tapOn(&paperConn{err: broken})
	if _, err := w.Write([]byte{6}); !errors.Is(err, broken) || !errors.Is(w.cause(), broken) {
		t.Fatalf("%v, cause %v", err, w.cause())
	}
}

// sheet is a frame of a lane's, all of whose bytes are the same.
func sheet(fill byte, size int) *outgoing {
	return &outgoing{bytes: bytes.Repeat([]byte{fill}, size)}
}

// settled waits until a frame is its sender's again.
func settled(t *testing.T, f *outgoing) uint32 {
	t.Helper()
	late := time.After(Patience)
	tick := time.NewTicker(time.Millisecond) // for those that tell nobody
	defer tick.Stop()
	for {
		if at := f.state.Load(); at != frameQueued && at != frameTaken {
			return at
		}
		select {
		case <-f.told:
		case <-tick.C:
		case <-late:
			t.Fatalf("in state %d", f.state.Load())
		}
	}
}

// What is queued while somebody writes goes out in one write behind it, in order,
// but for what was withdrawn, which does not go out at all.
func TestFramesThatWaitForTheTokenShareAWrite(t *testing.T) {
	c := &paperConn{hold: make(chan struct{})}
	w := tapOn(c)
	first := sheet('a', 20)
	first.told = make(chan struct{}, 1)
	w.send(first)
	c.hold <- struct{}{} // it is written; the next Write waits again
	settled(t, first)

	blocking, others := sheet('b', 20), []*outgoing{sheet('c', 30), sheet('d', 40), sheet('e', 50)}
	w.send(blocking)
	for blocking.state.Load() != frameTaken {
		select {
		case <-t.Context().Done():
			t.Fatal("nobody writes")
		default:
		}
	}
	for _, f := range others {
		f.told = make(chan struct{}, 1)
		w.send(f)
	}
	if at := others[1].recall(0); at != frameWithdrawn {
		t.Fatalf("a frame that waits: in state %d after it was withdrawn", at)
	}
	if at := blocking.recall(0); at != frameTaken {
		t.Fatalf("a frame that is being written: in state %d", at)
	}
	close(c.hold)
	if at := settled(t, others[0]); at != frameWritten {
		t.Fatalf("in state %d", at)
	}
	settled(t, others[2])
	want := []string{string(first.bytes), string(blocking.bytes), string(others[0].bytes) + string(others[2].bytes)}
	if got := texts(c.writes); !slices.Equal(got, want) {
		t.Fatalf("%q\nwant %q", got, want)
	}
}

func texts(all [][]byte) (out []string) {
	for _, b := range all {
		out = append(out, string(b))
	}
	return out
}

// A write that fails tells for each frame in it whether any byte of it went out,
// and nothing follows.
func TestAFailedWriteTellsWhichFramesWereNotSent(t *testing.T) {
	for room, want := range map[int][]uint32{
		0:  {frameRefused, frameRefused, frameRefused},
		1:  {frameTorn, frameRefused, frameRefused},
		20: {frameWritten, frameRefused, frameRefused},
		35: {frameWritten, frameTorn, frameRefused},
	} {
		c := &paperConn{err: errors.New("broken"), room: room}
		w := tapOn(c)
		var during []uint32
		all := []*outgoing{sheet('a', 20), sheet('b', 20), sheet('c', 20)}
		w.broken = func(error) {
			for _, f := range all {
				during = append(during, f.state.Load())
			}
		}
		for _, f := range all {
			w.enqueue(f)
		}
		w.flush()
		if !slices.Equal(during, want) {
			t.Fatalf("%d bytes went out: states %v when the session was told, want %v", room, during, want)
		}
		late := sheet('d', 20)
		late.told = make(chan struct{}, 1)
		c.err = nil // it would work again
		w.send(late)
		if at := settled(t, late); at != frameRefused || len(c.writes) != 0 {
			t.Fatalf("behind the failure: state %d, %d writes", at, len(c.writes))
		}
	}
}

// Whoever sends, and whenever: every frame goes out whole and once.
func TestNoFrameIsForgottenByManySenders(t *testing.T) {
	near, far := net.Pipe()
	w := newTap(near, time.Now(), new(atomic.Uint64), new(atomic.Uint64))
	const senders, frames, size = 16, 300, 40
	got := make(chan map[byte]int, 1)
	go func() {
		count := map[byte]int{}
		b := make([]byte, size)
		for range senders * frames {
			for n := 0; n < size; {
				m, err := far.Read(b[n:])
				if err != nil {
					t.Error(err)
					break
				}
				n += m
			}
			if !bytes.Equal(b, bytes.Repeat(b[:1], size)) {
				t.Errorf("frames are mixed: %q", b)
			}
			count[b[0]]++
		}
		got <- count
	}()
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			f := sheet('a'+byte(i), size)
			f.told = make(chan struct{}, 1)
			for range frames {
				w.send(f)
				if at := settled(t, f); at != frameWritten {
					t.Errorf("in state %d", at)
				}
			}
		})
	}
	wg.Wait()
	count := <-got
	for i := range senders {
		if n := count['a'+byte(i)]; n != frames {
			t.Errorf("%d frames of sender %d, want %d", n, i, frames)
		}
	}
	_ = near.Close()
}
