package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// memory recognises a heartbeat that names the same servers as the last one that
// was applied, in whatever order and however often each. Recognising one
// allocates nothing.
type memory struct {
	seen  map[messages.ServerInfo]uint64 // what was named, and the last count that saw it
	count uint64                         // of comparisons
	edits uint64                         // list.edits after the heartbeat was applied
	until time.Time                      // when warnings are due again; zero: there were none
}

func newMemory() memory { return memory{seen: make(map[messages.ServerInfo]uint64)} }

// repeats says whether applying infos would change nothing: they are what was
// named before, nobody has edited the list since, and no warning is due.
func (h *memory) repeats(now time.Time, infos []messages.ServerInfo, edits uint64) bool {
	if edits != h.edits || due(h.until, now) {
		return false
	}
	h.count++
	distinct := 0
	for _, info := range infos {
		last, known := h.seen[info]
		if !known {
			return false
		}
		if last != h.count {
			h.seen[info] = h.count
			distinct++
		}
	}
	return distinct == len(h.seen) && distinct > 0
}

// keep remembers an applied heartbeat; warned says that some of its servers were
// left out.
func (h *memory) keep(now time.Time, infos []messages.ServerInfo, edits uint64, warned bool) {
	clear(h.seen)
	for _, info := range infos {
		h.seen[info] = h.count
	}
	h.edits, h.until = edits, time.Time{}
	if warned {
		h.until = now.Add(quietTime)
	}
}
