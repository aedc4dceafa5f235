package proxy

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// recorder keeps the owner's last decisions. The owner writes; any goroutine may read,
// also when the owner has ended. It grows with them: most proxies make few.
type recorder struct {
	pages [recorded / page]atomic.Pointer[[page]slot]
	n     uint64 // decisions so far; only the owner uses what is below too
	from  uint64 // decisions of these, from the first one, that are kept no more
	bytes int    // of all that are kept
}

// page is of how many decisions there is room, or none, at once.
const page = 8

// slot has one decision.
type slot struct {
	kept atomic.Pointer[Decision]
	size int    // of the owner, as the key
	key  uint64 // of the decision
}

// slot is the one of the decision that many came before. Only the owner calls it.
func (r *recorder) slot(before uint64) *slot {
	at := before % recorded
	p := r.pages[at/page].Load()
	if p == nil {
		p = new([page]slot)
		r.pages[at/page].Store(p)
	}
	return &p[at%page]
}

// sameWithin is among how many of the last decisions one that is the same is looked for. Those of
// a hang take turns with others.
const sameWithin = 8

// again counts d as a repeat of a decision of late with the same key, and reports whether there is
// one.
func (r *recorder) again(d *Decision, key uint64) bool {
	for i := uint64(1); i <= min(sameWithin, r.n-r.from); i++ {
		at := r.slot(r.n - i)
		if at.key != key {
			continue
		}
		first := at.kept.Load()
		d.Seq, d.At, d.Last, d.Times = first.Seq, first.At, d.At, first.Times+1
		r.resize(at, d.size())
		at.kept.Store(d)
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

func (r *recorder) resize(at *slot, size int) {
	r.bytes += size - at.size
	at.size = size
}

// add keeps d in place of the oldest decision, or of several where they are too large together.
// One whose key is that of a decision of late is counted with that one.
func (r *recorder) add(d *Decision, key uint64) {
	if d.Cause = shownLine(d.Cause, maxLine); r.again(d, key) {
		return
	}
	r.n++
	d.Seq, d.Times = r.n, 1
	at := r.slot(r.n - 1)
	r.resize(at, d.size())
	at.key = key
	at.kept.Store(d)
	for r.from = max(r.from, r.n-min(r.n, recorded)); r.bytes > maxRecord && r.from < r.n-1; r.from++ {
		oldest := r.slot(r.from)
		oldest.kept.Store(nil)
		r.resize(oldest, 0)
	}
}

// all returns the kept decisions, oldest first. One that is added meanwhile may be missing,
// and so may the one it replaces.
func (r *recorder) all() []Decision {
	list := make([]Decision, 0, recorded)
	for i := range r.pages {
		p := r.pages[i].Load()
		if p == nil {
			continue
		}
		for j := range p {
			if d := p[j].kept.Load(); d != nil {
				list = append(list, *d)
			}
		}
	}
	slices.SortFunc(list, func(a, b Decision) int { return cmp.Compare(int64(a.Seq-b.Seq), 0) })
	return list
}
