package roster

import (
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// memory recognises a heartbeat that names the same servers as the last one that
// was applied, in whatever order and however often each. Recognising one
// allocates nothing.
type memory struct {
	named *named      // what was named; nil: nothing
	edits uint64      // list.edits after the heartbeat was applied
	until moment.Time // when warnings are due again; zero: there were none
}

// named is what a heartbeat has named. Many rosters may have it in common.
type named struct {
	infos map[messages.ServerInfo]int // where the count of each is
	seen  []uint64                    // the last count that saw each
	count uint64                      // of comparisons
}

// newNamed is what infos name.
func newNamed(infos []messages.ServerInfo) *named {
	n := &named{infos: make(map[messages.ServerInfo]int, len(infos))}
	for _, info := range infos {
		info.RPCAdvertiseAddr, info.Datacenter = bounded(info.RPCAdvertiseAddr), bounded(info.Datacenter)
		if _, known := n.infos[info]; !known {
			n.infos[info] = len(n.seen)
			n.seen = append(n.seen, 0)
		}
	}
	return n
}

// by reports whether infos name the same servers.
func (n *named) by(infos []messages.ServerInfo) bool {
	n.count++
	distinct := 0
	for _, info := range infos {
		i, known := n.infos[head(info)]
		if !known {
			return false
		}
		if n.seen[i] != n.count { // the map is only read: a key would keep the whole text in memory
			n.seen[i] = n.count
			distinct++
		}
	}
	return distinct == len(n.infos) && distinct > 0
}

// repeats reports whether applying infos would change nothing: they are what was
// named before, the list was not edited since, and no warning is due.
func (h *memory) repeats(now moment.Time, infos []messages.ServerInfo, edits uint64) bool {
	return edits == h.edits && !due(h.until, now) && h.named != nil && h.named.by(infos)
}

// remember keeps an applied heartbeat; warned: some of its servers were left
// out.
func (h *memory) remember(now moment.Time, named *named, edits uint64, warned bool) {
	*h = memory{named: named, edits: edits}
	if warned {
		h.until = now.Add(quietTime)
	}
}
