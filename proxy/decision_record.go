package proxy

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// recorder keeps the owner's last decisions. The owner writes; any goroutine may read,
// also when the owner has ended.
type recorder struct {
	slots [recorded]atomic.Pointer[Decision]
	n     uint64 // decisions so far; only the owner uses what is below too
	from  uint64 // decisions of these, from the first one, that are kept no more
	sizes [recorded]int
	bytes int // of all that are kept
	keys  [recorded]uint64
}

// sameWithin is among how many of the last decisions one that is the same is looked for. Those of
// a hang take turns with others.
const sameWithin = 8

// again counts d as a repeat of a decision of late with the same key, and reports whether there is
// one.
func (r *recorder) again(d *Decision, key uint64) bool {
	for i := uint64(1); i <= min(sameWithin, r.n-r.from); i++ {
		at := (r.n - i) % recorded
		if r.keys[at] != key {
			continue
		}
		first := r.slots[at].Load()
		d.Seq, d.At, d.Last, d.Times = first.Seq, first.At, d.At, first.Times+1
		r.resize(at, d.size())
		r.slots[at].Store(d)
		return true
	}
	return false
}

// size is about how many bytes a decision holds.
func (d *Decision) size() int {
	size := len(d.Cause) + len(d.Reason) + len(d.Active) + len(d.Server)
	for i := range d.Did {
		a := &d.Did[i]
		size += len(a.Text) + len(a.Server) + len(a.Next)
		for _, other := range a.Others {
			size += len(other)
		}
	}
	return size
}

func (r *recorder) resize(at uint64, size int) {
	r.bytes += size - r.sizes[at]
	r.sizes[at] = size
}

// add keeps d in place of the oldest decision, or of several where they are too large together.
// One whose key is that of a decision of late is counted with that one.
func (r *recorder) add(d *Decision, key uint64) {
	if d.Cause = shownLine(d.Cause, maxLine); r.again(d, key) {
		return
	}
	r.n++
	d.Seq, d.Times = r.n, 1
	at := (r.n - 1) % recorded
	r.resize(at, d.size())
	r.keys[at] = key
	r.slots[at].Store(d)
	for r.from = max(r.from, r.n-min(r.n, recorded)); r.bytes > maxRecord && r.from < r.n-1; r.from++ {
		oldest := r.from % recorded
		r.slots[oldest].Store(nil)
		r.bytes -= r.sizes[oldest]
		r.sizes[oldest] = 0
	}
}

// all returns the kept decisions, oldest first. One that is added meanwhile may be missing,
// and so may the one it replaces.
func (r *recorder) all() []Decision {
	list := make([]Decision, 0, recorded)
	for i := range r.slots {
		if d := r.slots[i].Load(); d != nil {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b Decision) int { return cmp.Compare(int64(a.Seq-b.Seq), 0) })
	return list
}
