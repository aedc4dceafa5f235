package main

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// recorder keeps what is written, until it is told to hold.
type recorder struct {
	net.Conn
	writes chan []byte
	hold   chan struct{} // each write takes one
	closed atomic.Bool
	ended  chan struct{}
}

func (r *recorder) Write(b []byte) (int, error) {
	select {
	case <-r.hold:
	case <-r.ended:
		return 0, io.ErrClosedPipe
	}
	r.writes <- bytes.Clone(b)
	return len(b), nil
}

func (r *recorder) Close() error {
	if r.closed.CompareAndSwap(false, true) {
		close(r.ended)
	}
	return nil
}

func newRecorder() *recorder {
	return &recorder{writes: make(chan []byte, 64), hold: make(chan struct{}, 64), ended: make(chan struct{})}
}

var (
	dataHead = []byte{0, data, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3}
	window   = []byte{0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3} // a length, and no body
)

func send(t *testing.T, j *joiner, pieces ...[]byte) {
	t.Helper()
	for _, p := range pieces {
		if n, err := j.Write(p); err != nil || n != len(p) {
			t.Fatalf("%d bytes of %d, %v", n, len(p), err)
		}
	}
}

func TestALoneCallsFrameIsOneWriteAtOnce(t *testing.T) {
	r := newRecorder()
	j := newJoiner(r)
	r.hold <- struct{}{}
	r.hold <- struct{}{}
	send(t, j, dataHead, []byte("abc"), window)
	if first, second := <-r.writes, <-r.writes; string(first) != string(dataHead)+"abc" || !bytes.Equal(second, window) {
		t.Errorf("%q, %q", first, second)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func TestFramesOfManyCallsAreGatheredInTheirOrder(t *testing.T) {
	r := newRecorder()
	j := newJoiner(r)
	j.calls.Store(2)
	frame := string(dataHead) + "abc"
	want := ""
	for range 100 { // the first are written, or wait, while the others come
		send(t, j, dataHead, []byte("abc"), window)
		want += frame + string(window)
	}
	for range cap(r.hold) {
		r.hold <- struct{}{}
	}
	got, writes := "", 0
	for ; len(got) < len(want); writes++ {
		got += string(<-r.writes)
	}
	if got != want || writes > 2 {
		t.Errorf("%d bytes in %d writes, in order: %v; want %d in 2", len(got), writes, got == want, len(want))
	}
	j.calls.Store(1) // what is gathered stays ahead of what comes
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// A peer that takes nothing does not fill the memory, and the end frees the writer.
func TestNoMoreThanTheMostIsGathered(t *testing.T) {
	r := newRecorder()
	j := newJoiner(r)
	j.calls.Store(2)
	head := bytes.Clone(dataHead)
	head[lengthAt+1], head[lengthAt+3] = 1, 0 // 64 KiB
	large := make([]byte, most)
	failed := make(chan error, 1)
	go func() {
		for {
			if _, err := j.Write(head); err != nil {
				failed <- err
				return
			}
			if _, err := j.Write(large); err != nil {
				failed <- err
				return
			}
		}
	}()
	for j.waiting.Load() < 3*most { // one is being written, one gathered, one waits
		select {
		case err := <-failed:
			t.Fatal(err)
		default:
			runtime.Gosched()
		}
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("a write after the end succeeded")
	}
	if got := j.waiting.Load(); got > 3*(most+headLen) {
		t.Errorf("%d bytes waited, want three frames at most", got)
	}
}

func TestManyCallsAreAnsweredEachWithItsReply(t *testing.T) {
	server, err := plainserver.Start(nil, body.Status{}, body.Node{}, body.Alloc{}, body.Job{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := open(t.Context(), worker.Setup{Addr: server.Addr(), Callers: 16})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 3 {
				for _, call := range body.All()[:3] { // a job takes seconds under the race detector
					reply := call.New()
					if err := c.Call(t.Context(), 0, call.Method, call.Args, reply); err != nil {
						t.Errorf("%s: %v", call.Name, err)
						return
					}
					if err := call.Check(reply); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}
