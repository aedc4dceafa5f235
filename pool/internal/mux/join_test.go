package mux

import (
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// A frame waits for callers that are about to run, and only for these.
func TestAFrameWaitsForCallersThatAreAboutToRunAndIsNotForgotten(t *testing.T) {
	c := &muxtest.Conn{}
	w := inline(newConn(c))
	w.Join(sheet('a', 20))
	w.ready.Add(2)
	w.Join(sheet('b', 20))
	w.CallerRuns()
	w.Join(sheet('c', 20))
	if len(c.Writes) != 1 {
		t.Fatalf("%q before the last has woken", texts(c.Writes))
	}
	w.CallerRuns()
	if got := texts(c.Writes); len(got) != 2 || got[1] != string(sheet('b', 20).Bytes)+string(sheet('c', 20).Bytes) {
		t.Fatalf("%q", got)
	}
}

func TestManyFramesDoNotWaitForEachOther(t *testing.T) {
	c := &muxtest.Conn{}
	w := inline(newConn(c))
	w.ready.Add(1)
	for range joinFrames - 1 {
		w.Join(sheet('a', 20))
	}
	if len(c.Writes) != 0 {
		t.Fatalf("%d writes", len(c.Writes))
	}
	w.Join(sheet('a', 20))
	if len(c.Writes) != 1 || len(c.Writes[0]) != joinFrames*20 || w.queued.Load() != 0 {
		t.Fatalf("%d writes, %d frames are thought to wait", len(c.Writes), w.queued.Load())
	}
}
