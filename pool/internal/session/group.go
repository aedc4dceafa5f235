package pool

import "sync/atomic"

// crew counts the goroutines of one session, so that its end can be awaited.
// Its founder is counted from the start; once the count has fallen to zero
// nobody can join any more.
type crew struct {
	n    atomic.Int64
	gone chan struct{} // closed when the last one has left
}

func newCrew() *crew {
	c := &crew{gone: make(chan struct{})}
	c.n.Store(1)
	return c
}

// enter counts the caller in, who must leave, or answers false if the crew is
// gone.
func (c *crew) enter() bool {
	for n := c.n.Load(); n > 0; n = c.n.Load() {
		if c.n.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// join starts f in a goroutine of the crew, or answers false if the crew is gone.
func (c *crew) join(f func()) bool {
	if !c.enter() {
		return false
	}
	go func() {
		defer c.leave()
		f()
	}()
	return true
}

// leave is the founder's, and each member's, last act.
func (c *crew) leave() {
	if c.n.Add(-1) == 0 {
		close(c.gone)
	}
}
