package mux

import "testing"

// A frame waits for those who are about to send another, and for nobody else.
func TestAFrameWaitsForCallersThatAreAboutToRunAndIsNotForgotten(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	w.spawn = func(f func()) bool { f(); return true }
	w.join(sheet('a', 20)) // nobody else
	w.waking.Add(2)
	w.join(sheet('b', 20))
	w.woke()
	w.join(sheet('c', 20))
	if len(c.writes) != 1 {
		t.Fatalf("%q before the last has woken", texts(c.writes))
	}
	w.woke()
	if got := texts(c.writes); len(got) != 2 || got[1] != string(sheet('b', 20).bytes)+string(sheet('c', 20).bytes) {
		t.Fatalf("%q", got)
	}
}

func TestManyFramesWaitForNobody(t *testing.T) {
	c := &paperConn{}
	w := tapOn(c)
	w.spawn = func(f func()) bool { f(); return true }
	w.waking.Add(1)
	for range joinFrames - 1 {
		w.join(sheet('a', 20))
	}
	if len(c.writes) != 0 {
		t.Fatalf("%d writes", len(c.writes))
	}
	w.join(sheet('a', 20))
	if len(c.writes) != 1 || len(c.writes[0]) != joinFrames*20 || w.lined.Load() != 0 {
		t.Fatalf("%d writes, %d frames are thought to wait", len(c.writes), w.lined.Load())
	}
}
