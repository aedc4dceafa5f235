package mux

import "sync/atomic"

// accepting is what begins when the peer opens its first stream. Most never do.
type accepting struct {
	begin atomic.Pointer[func()] // nil: it was not set yet, or was called
	came  atomic.Bool            // the peer has opened a stream
}

// opened notes a stream of the peer's. Only the reading goroutine calls it.
func (a *accepting) opened() {
	if !a.came.Load() {
		a.came.Store(true)
	}
	if a.begin.Load() != nil {
		a.start()
	}
}

// start calls begin, once.
func (a *accepting) start() {
	if begin := a.begin.Swap(nil); begin != nil {
		(*begin)()
	}
}

// onFirst has begin called, once, when the peer has opened a stream; at once if it has. begin
// must not block. It may be set once.
func (a *accepting) onFirst(begin func()) {
	if a.begin.Store(&begin); a.came.Load() {
		a.start()
	}
}
