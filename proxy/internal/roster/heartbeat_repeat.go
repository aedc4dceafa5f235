package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// memory recognises a heartbeat that names the same servers as the last one that
// was applied, in whatever order and however often each. Recognising one
// allocates nothing.
type memory struct {
	named map[messages.ServerInfo]int // what was named, and where its count is
	seen  []uint64                    // the last count that saw each
	count uint64                      // of comparisons
	edits uint64                      // list.edits after the heartbeat was applied
	until time.Time                   // when warnings are due again; zero: there were none
}

func newMemory() memory { return memory{named: make(map[messages.ServerInfo]int)} }

// repeats reports whether applying infos would change nothing: they are what was
// named before, the list was not edited since, and no warning is due.
func (h *memory) repeats(now time.Time, infos []messages.ServerInfo, edits uint64) bool {
	if edits != h.edits || due(h.until, now) {
		return false
	}
	h.count++
	distinct := 0
	for _, info := range infos {
		i, known := h.named[head(info)]
		if !known {
			return false
		}
		if h.seen[i] != h.count { // the map is only read: a key would keep the whole text in memory
			h.seen[i] = h.count
			distinct++
		}
	}
	return distinct == len(h.named) && distinct > 0
}

// remember keeps an applied heartbeat; warned: some of its servers were left
// out.
func (h *memory) remember(now time.Time, infos []messages.ServerInfo, edits uint64, warned bool) {
	clear(h.named)
	h.seen = h.seen[:0]
	for _, info := range infos {
		info.RPCAdvertiseAddr, info.Datacenter = bounded(info.RPCAdvertiseAddr), bounded(info.Datacenter)
		if _, known := h.named[info]; !known {
			h.named[info] = len(h.seen)
			h.seen = append(h.seen, h.count)
		}
	}
	h.edits, h.until = edits, time.Time{}
	if warned {
		h.until = now.Add(quietTime)
	}
}
