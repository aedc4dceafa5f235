package session

import "sync/atomic"

// group counts goroutines, so that their end can be awaited. The one that made it is
// counted from the start; once the count has fallen to zero, none is started any more.
type group struct {
	n     atomic.Int64
	ended chan struct{} // closed at zero
}

func newGroup() *group {
	g := &group{ended: make(chan struct{})}
	g.n.Store(1)
	return g
}

// enter counts the caller in; the caller must leave. It reports false if the group has ended.
func (g *group) enter() bool {
	for n := g.n.Load(); n > 0; n = g.n.Load() {
		if g.n.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// run starts f in a goroutine of the group. It reports false if the group has ended.
func (g *group) run(f func()) bool {
	if !g.enter() {
		return false
	}
	go func() {
		defer g.leave()
		f()
	}()
	return true
}

// do runs f in the caller's goroutine, which is counted meanwhile. It reports false if the group has
// ended.
func (g *group) do(f func()) bool {
	if !g.enter() {
		return false
	}
	defer g.leave()
	f()
	return true
}

// leave counts a goroutine out.
func (g *group) leave() {
	if g.n.Add(-1) == 0 {
		close(g.ended)
	}
}
