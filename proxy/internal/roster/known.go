package roster

import "github.com/open-nomad/rpcproxy/messages"

// about is what is known of a listed server apart from how it fares. It is never changed:
// many rosters may have it in common.
type about struct {
	id         uint32          // among those that are shared; zero: it is not
	server     messages.Server // under the name it first came with
	key        string          // of server
	datacenter string          // of the last heartbeat; empty: unknown
	source     messages.Source // how it became a primary
	listedBy   messages.Source // how it came into the backup set
}

// aboutServer is a server of which nothing else is known.
func aboutServer(s messages.Server) about { return about{server: s, key: s.Key()} }

// mostKnown bounds what is remembered for sharing. With more the memory begins anew: what is
// in use stays as it is.
const mostKnown = 1 << 17

// known has what many rosters hold once. Of nil nothing is shared.
type known struct {
	abouts map[about]*about
	lists  map[uint64][]*messages.List // by hash
	count  int
}

func newKnown() *known {
	return &known{abouts: make(map[about]*about), lists: make(map[uint64][]*messages.List)}
}

// about is a, the same one for all.
func (k *known) about(a about) *about {
	if k == nil {
		return &a
	}
	if same := k.abouts[a]; same != nil {
		return same
	}
	k.grow()
	shared := a
	shared.id = uint32(k.count)
	k.abouts[a] = &shared
	return &shared
}

// grow makes room for one more.
func (k *known) grow() {
	if k.count++; k.count > mostKnown {
		*k = *newKnown()
	}
}
