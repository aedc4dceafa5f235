package latency

import (
	"maps"
	"sync/atomic"
	"time"
)

// most is how many servers a Table has. A Window is up to 3.7 KiB.
const most = 128

// Table is Windows by the addresses of servers. The zero value is empty. Any number of
// goroutines may use it. The map is replaced, never changed.
type Table struct {
	windows atomic.Pointer[map[string]*Window]
}

// Of is the Window of a server; nil: Track was not called for it, or there were too many.
func (t *Table) Of(addr string) *Window {
	if all := t.windows.Load(); all != nil {
		return (*all)[addr]
	}
	return nil
}

// Track has a server in the table, at a moment on the clock of Window.Note. Where there are
// too many it takes the place of those that have shown nothing for [Span], if there are any.
func (t *Table) Track(addr string, at time.Duration) {
	for {
		all := t.windows.Load()
		next := map[string]*Window{}
		if all != nil {
			if (*all)[addr] != nil {
				return
			}
			maps.Copy(next, *all)
		}
		if len(next) >= most {
			maps.DeleteFunc(next, func(_ string, w *Window) bool { return !w.used(at) })
		}
		if len(next) >= most {
			return
		}
		next[addr] = new(Window)
		if t.windows.CompareAndSwap(all, &next) {
			return
		}
	}
}

// Note adds a time for a server, unless it is not tracked. It does not block; see Window.Note.
func (t *Table) Note(addr string, at, took time.Duration) {
	if w := t.Of(addr); w != nil {
		w.Note(at, took)
	}
}

// Quantiles are those of a server.
func (t *Table) Quantiles(addr string, at time.Duration) Quantiles {
	if w := t.Of(addr); w != nil {
		return w.Quantiles(at)
	}
	return Quantiles{}
}
