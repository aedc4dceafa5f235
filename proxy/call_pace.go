package proxy

import (
	"sync/atomic"
	"time"
)

// paces is how long calls have taken, from which follows how long the next ones may take.
type paces struct {
	// methods has one entry per method. Methods that share an entry by chance share what
	// it learns, which costs no more than a longer limit, or a request too many.
	methods [64]atomic.Int64
	soft    atomic.Int64 // the last call with a soft deadline, of whatever method
}

// of is the entry for a method.
func (p *paces) of(method string) *atomic.Int64 {
	h := uint32(2166136261) // FNV-1a
	for i := range len(method) {
		h = (h ^ uint32(method[i])) * 16777619
	}
	return &p.methods[(h^h>>16)%uint32(len(p.methods))]
}

// expected is how long an answer is expected to take; 0: unknown.
func (p *paces) expected(method string, soft bool) time.Duration {
	if soft {
		return time.Duration(p.soft.Load())
	}
	return time.Duration(p.of(method).Load())
}

// learn notes how long an answer took. Of a method a slow answer counts at once, and is
// forgotten by an eighth with each quicker one.
func (p *paces) learn(method string, soft bool, took time.Duration) {
	if soft {
		p.soft.Store(int64(took))
		return
	}
	entry := p.of(method)
	last := entry.Load()
	next := max(int64(took), last-(last-int64(took))/8)
	if next != last {
		entry.CompareAndSwap(last, next) // a lost race loses one answer
	}
}
