package labels

import (
	"maps"
	"sync/atomic"
)

// Other is the label of what has none of its own.
const Other = "other"

// Names are those that have labels of their own. Its methods may be called by many
// goroutines. The set is replaced, never changed.
type Names struct {
	most  int
	known atomic.Pointer[map[string]bool]
}

// NewNames makes a set of most names at most; none if it is negative.
func NewNames(most int) *Names { return &Names{most: most} }

// Label is the label for a name: itself if it is known, or is admitted now and there is room
// for it, else Other. It does not allocate for a name that is known.
func (n *Names) Label(name string, admit bool) string {
	for {
		old := n.known.Load()
		var known map[string]bool
		if old != nil {
			known = *old
		}
		switch {
		case known[name]:
			return name
		case !admit || len(known) >= n.most || !Plain(name):
			return Other
		}
		next := maps.Clone(known)
		if next == nil {
			next = map[string]bool{}
		}
		next[name] = true
		if n.known.CompareAndSwap(old, &next) {
			return name
		}
	}
}
