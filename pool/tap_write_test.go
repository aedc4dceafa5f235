package pool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// paperConn notes what is written, and reads from a script.
type paperConn struct {
	net.Conn
	writes [][]byte
	reads  [][]byte // one per Read; then readErr
	err    error    // of writes and, in the end, of reads
}

func (c *paperConn) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.writes = append(c.writes, bytes.Clone(b))
	return len(b), nil
}

func (c *paperConn) Read(b []byte) (int, error) {
	if len(c.reads) == 0 {
		return 0, c.err
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
	for _, n := range []int{1, 12, 100, joinLimit} { // 12 is as long as a head
		head, body := frame(0, frameData, 0, 1, uint32(n)), bytes.Repeat([]byte{0}, n)
		write(t, w, head, body)
		want = append(want, slices.Concat(head, body))
	}
	if !slices.EqualFunc(c.writes, want, bytes.Equal) {
		t.Fatalf("%d writes, want %d", len(c.writes), len(want))
	}
	if n := w.out.Load(); n != uint64(4*frameHead+1+12+100+joinLimit) {
		t.Fatalf("%d bytes counted", n)
	}
}

func TestALargeBodyIsNotCopiedBehindItsHead(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	head, body := frame(0, frameData, 0, 1, joinLimit+1), bytes.Repeat([]byte{7}, joinLimit+1)
	write(t, w, head, body)
	write(t, w, head, body)
	if got := bytes.Join(c.writes, nil); !bytes.Equal(got, slices.Concat(head, body, head, body)) {
		t.Fatalf("%d bytes written in %d writes", len(got), len(c.writes))
	}
	if cap(w.held) > joinLimit {
		t.Fatalf("%d bytes kept", cap(w.held))
	}
	if n := w.out.Load(); n != uint64(2*(frameHead+joinLimit+1)) {
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
	for name, body := range map[string][]byte{"joined": make([]byte, 10), "large": make([]byte, joinLimit+1)} {
		w := tapOn(&paperConn{err: broken})
		var told error
		w.broken = func(err error) { told = err }
		write(t, w, frame(0, frameData, 0, 1, uint32(len(body)))) // held, so nothing fails yet
		if n, err := w.Write(body); n != 0 || !errors.Is(err, broken) {
			t.Fatalf("%s: %d, %v", name, n, err)
		}
		if !errors.Is(w.cause(), broken) || !errors.Is(told, broken) {
			t.Fatalf("%s: cause %v, told %v", name, w.cause(), told)
		}
	}
	w := tapOn(&paperConn{err: broken})
	if _, err := w.Write([]byte{6}); !errors.Is(err, broken) || !errors.Is(w.cause(), broken) {
		t.Fatalf("%v, cause %v", err, w.cause())
	}
}
