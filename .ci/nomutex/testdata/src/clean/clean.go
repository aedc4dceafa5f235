// Package clean uses what may be used.
package clean

import (
	"elsewhere"
	"sync"
	"sync/atomic"
)

// Mutex has only the name.
type Mutex struct{ n atomic.Int64 }

// Lock has only the name.
func (m *Mutex) Lock() { m.n.Add(1) }

type state struct {
	mu   Mutex
	wg   sync.WaitGroup
	once sync.Once
	free sync.Pool
	g    elsewhere.Guarded
}

func use(s *state) {
	s.mu.Lock()
	s.wg.Go(func() { s.once.Do(func() {}) })
	s.wg.Wait()
	s.g.N++
	_ = sync.OnceValue(func() int { return 1 })
}
