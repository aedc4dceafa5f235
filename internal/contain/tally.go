package contain

import (
	"slices"
	"sync/atomic"
)

// Tally counts the panics of others' code that were contained. The zero value is ready, and
// any number of goroutines may use it.
type Tally struct {
	count atomic.Uint64
	seen  atomic.Pointer[[]string] // what was reported; never changed, but replaced
}

// maxSeen bounds how many different panics are reported.
const maxSeen = 32

// Note counts p, unless it is nil, and reports whether it is the first one with this text that
// came from this line of code and was contained at this place, and so worth a line in the log:
// code that panics does so again and again. No more than 32 are.
func (t *Tally) Note(place string, p *Panic) (first bool) {
	if p == nil {
		return false
	}
	t.count.Add(1)
	for about := place + "\x00" + p.Text + "\x00" + p.site(); ; {
		var seen []string
		last := t.seen.Load()
		if last != nil {
			seen = *last
		}
		if len(seen) == maxSeen || slices.Contains(seen, about) {
			return false
		}
		next := append(slices.Clip(seen), about)
		if t.seen.CompareAndSwap(last, &next) {
			return true
		}
	}
}

// Count is how many there were.
func (t *Tally) Count() uint64 { return t.count.Load() }
