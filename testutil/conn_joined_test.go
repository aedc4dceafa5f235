package testutil

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

// notedConn notes each write, which waits for allow.
type notedConn struct {
	net.Conn
	allow  chan struct{}
	writes chan []byte
	err    error
}

func (c *notedConn) Write(b []byte) (int, error) {
	<-c.allow
	if c.err != nil {
		return 0, c.err
	}
	c.writes <- bytes.Clone(b)
	return len(b), nil
}

func (c *notedConn) Close() error { return nil }

func newNoted() (*notedConn, *joined) {
	c := &notedConn{allow: make(chan struct{}, 1000), writes: make(chan []byte, 1000)}
	return c, newJoined(c)
}

// dataFrame is a frame with a body, in the two parts that yamux writes.
func dataFrame(fill byte, size int) (head, body []byte) {
	head = binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0, 0, 0, 0, 1}, uint32(size))
	return head, bytes.Repeat([]byte{fill}, size)
}

// writeFrame writes as yamux does.
func writeFrame(t *testing.T, j *joined, fill byte, size int) []byte {
	t.Helper()
	head, body := dataFrame(fill, size)
	for _, b := range [][]byte{head, body} {
		if n, err := j.Write(b); n != len(b) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	return slices.Concat(head, body)
}

func TestAFrameOfALoneAnswerIsWrittenAtOnceAndWhole(t *testing.T) {
	c, j := newNoted()
	c.allow <- struct{}{}
	want := writeFrame(t, j, 'a', 30)
	if got := <-c.writes; !bytes.Equal(got, want) {
		t.Fatalf("% x", got)
	}
}

func TestFramesOfManyAnswersAreGatheredInOrder(t *testing.T) {
	c, j := newNoted()
	j.answering.Store(10)
	ended := make(chan struct{})
	go func() { defer close(ended); j.flush() }()
	var want []byte
	for i := range 100 {
		want = append(want, writeFrame(t, j, byte(i), 40)...) // no write is allowed yet
	}
	for range 100 {
		c.allow <- struct{}{}
	}
	j.drain()
	var got []byte
	writes := 0
	for len(c.writes) > 0 {
		got = append(got, <-c.writes...)
		writes++
	}
	if !bytes.Equal(got, want) || writes > 10 {
		t.Fatalf("%d bytes of %d in %d writes", len(got), len(want), writes)
	}
	_ = j.Close()
	<-ended
}

func TestAFrameOfALoneAnswerGoesBehindThoseThatWereGathered(t *testing.T) {
	c, j := newNoted()
	close(c.allow)
	j.answering.Store(10)
	want := writeFrame(t, j, 'a', 30) // flush does not run yet
	j.answering.Store(1)
	want = append(want, writeFrame(t, j, 'b', 30)...)
	ended := make(chan struct{})
	go func() { defer close(ended); j.flush() }()
	j.drain()
	if got := <-c.writes; !bytes.Equal(got, want) || len(c.writes) != 0 {
		t.Fatalf("% x", got)
	}
	_ = j.Close()
	<-ended
}

func TestAConnectionThatFailsOrClosesReleasesItsWriter(t *testing.T) {
	c, j := newNoted()
	c.err = errors.New("broken")
	j.answering.Store(10)
	ended := make(chan struct{})
	go func() { defer close(ended); j.flush() }()
	writeFrame(t, j, 'a', 10)
	c.allow <- struct{}{}
	<-ended
	j.drain()
	if _, err := j.Write(make([]byte, yamuxHead)); err != c.err {
		t.Fatalf("%v", err)
	}

	_, j = newNoted()
	j.answering.Store(10)
	blocked := make(chan error, 1)
	go func() { // flush does not run, so it has to wait
		for {
			if _, err := j.Write(make([]byte, gatherLimit)); err != nil {
				blocked <- err
				return
			}
		}
	}()
	_ = j.Close()
	select {
	case err := <-blocked:
		if !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("it waits for ever")
	}
}

// Large frames, taken back and put there again while flush looks.
func TestGatheringLargeFramesNeverComesToAHalt(t *testing.T) {
	c, j := newNoted()
	c.allow = make(chan struct{})
	close(c.allow)
	j.answering.Store(10)
	ended := make(chan struct{})
	go func() { defer close(ended); j.flush() }()
	const frames, size = 3000, gatherLimit * 2 / 3
	written := make(chan int, 1)
	go func() {
		all := 0
		for all < frames*(yamuxHead+size) {
			select {
			case b := <-c.writes:
				all += len(b)
			case <-time.After(patience):
				written <- all
				return
			}
		}
		written <- all
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range frames {
			writeFrame(t, j, 'a', size)
		}
	}()
	if got := <-written; got != frames*(yamuxHead+size) {
		t.Errorf("%d bytes written of %d", got, frames*(yamuxHead+size))
	}
	_ = j.Close()
	<-done
	<-ended
}
