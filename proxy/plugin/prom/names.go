package prom

import (
	"maps"
	"sync/atomic"
)

// other is the label of what has none of its own.
const other = "other"

// longest is the longest name that is a label, in bytes.
const longest = 128

// names are those that have labels of their own. The set is replaced, never changed.
type names struct {
	most  int
	known atomic.Pointer[map[string]bool]
}

// label is the label for a name: itself if it is known, or is admitted now and there is room.
func (n *names) label(name string, admit bool) string {
	for {
		old := n.known.Load()
		var known map[string]bool
		if old != nil {
			known = *old
		}
		switch {
		case known[name]:
			return name
		case !admit || len(known) >= n.most || !plain(name):
			return other
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

// plain reports whether a name is one as methods and addresses are.
func plain(name string) bool {
	if name == "" || len(name) > longest {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == '-', c == ':', c == '[', c == ']', c == '%':
		default:
			return false
		}
	}
	return true
}
