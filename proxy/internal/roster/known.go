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
	abouts    map[about]*about
	described map[*about]*about           // what each became when it was described last
	lists     map[uint64][]*messages.List // by hash
	shown     map[*messages.List]shown    // the last view of each
	count     int
}

func newKnown() *known {
	return &known{
		abouts: make(map[about]*about), described: make(map[*about]*about),
		lists: make(map[uint64][]*messages.List), shown: make(map[*messages.List]shown),
	}
}

// about is a, the same one for all.
func (k *known) about(a about) *about {
	if k == nil {
		own := a // not a itself, which would be in the heap for all
		return &own
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

// describe is a with something else that is known of it, the same one for all.
func (k *known) describe(a *about, datacenter string, source, listedBy messages.Source) *about {
	if k != nil {
		if is := k.described[a]; is != nil && is.says(datacenter, source, listedBy) {
			return is
		}
	}
	next := *a
	next.id, next.datacenter, next.source, next.listedBy = 0, datacenter, source, listedBy
	is := k.about(next)
	if k != nil {
		k.grow()
		k.described[a] = is
	}
	return is
}

// says reports whether that is what is known.
func (a *about) says(datacenter string, source, listedBy messages.Source) bool {
	return a.datacenter == datacenter && a.source == source && a.listedBy == listedBy
}

// shown is a view, and the effect that publishes it. Agents that fare alike come to the same
// one, one after the other.
type shown struct {
	view   *messages.View
	active int
	effect Effect
}

// is reports whether it is a view of the same list with these.
func (s shown) is(epoch uint64, active, numNodes int, leader string) bool {
	return s.view != nil && s.view.Epoch() == epoch && s.active == active && s.view.NumNodes() == numNodes && s.view.LeaderAddr() == leader
}

// show remembers a view.
func (k *known) show(l *messages.List, s shown) {
	k.grow()
	k.shown[l] = s
}

// grow makes room for one more.
func (k *known) grow() {
	if k.count++; k.count > mostKnown {
		*k = *newKnown()
	}
}
