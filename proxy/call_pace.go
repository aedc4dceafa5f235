package proxy

import (
	"sync/atomic"
	"time"
)

// usual is how long answers take, by method. Methods that share an entry by chance
// share what they learn, which costs no more than a longer slice, or a request too many.
type usual [64]atomic.Int64

// of is the entry of a method.
func (u *usual) of(method string) *atomic.Int64 {
	h := uint32(2166136261) // FNV-1a
	for i := range len(method) {
		h = (h ^ uint32(method[i])) * 16777619
	}
	return &u[(h^h>>16)%uint32(len(u))]
}

// learn takes note of how long an answer took: a slow one counts at once, and is
// forgotten by and by.
func (u *usual) learn(method string, took time.Duration) {
	entry := u.of(method)
	last := entry.Load()
	next := max(int64(took), last-(last-int64(took))/8)
	if next != last {
		entry.CompareAndSwap(last, next) // a lost race loses one answer
	}
}

// pace is how long an answer to the call is expected to take; 0: unknown.
func (c *call) pace() time.Duration {
	if c.way.LandBy.IsZero() {
		return time.Duration(c.proxy.usual.of(c.method).Load())
	}
	return time.Duration(c.proxy.pace.Load())
}

// paced remembers how long the answer to the call took.
func (c *call) paced(took time.Duration) {
	if c.way.LandBy.IsZero() {
		c.proxy.usual.learn(c.method, took)
		return
	}
	c.proxy.pace.Store(int64(took))
}
