package messages

import (
	"iter"
	"slices"
)

// Health is the state of a server, as far as the owner knows.
type Health uint8

// A server is Unknown until a probe or a call shows another health.
const (
	Unknown    Health = iota // never tried since it was listed
	Alive                    // the last probe or call was answered
	Failed                   // the last probe or call was not
	Leaderless               // it answers, and knows no leader
)

func (h Health) String() string {
	switch h {
	case Alive:
		return "alive"
	case Failed:
		return "failed"
	case Leaderless:
		return "leaderless"
	default:
		return "unknown"
	}
}

// Role is the class a server is ranked in.
type Role uint8

// Backups rank behind every primary.
const (
	Primary Role = iota
	Backup
)

func (r Role) String() string {
	if r == Backup {
		return "backup"
	}
	return "primary"
}

// Ranked is one line of a View: a server, its class, its health and where it
// came from.
type Ranked struct {
	Server   Server
	Role     Role
	Health   Health
	Source   Source
	Retained bool // no longer named by the heartbeat; kept until a named server answers

	// Failures is how often the server has come to be Failed since it was listed. A reader
	// that sees only some of the views learns by it of a failure between two of them.
	Failures uint64
}

// View is an immutable picture of the server list. Any number of goroutines may
// read it; none of its methods blocks or, Servers excepted, allocates. The zero
// View has no server.
type View struct {
	epoch    uint64
	list     *List // nil: no server
	servers  int   // in list
	front    Server
	active   bool // there is one: front
	numNodes int
	leader   string
}

// NewView makes a View; it keeps ranking, which must not be changed afterwards.
// active is an index in ranking, or -1 if no server is active.
func NewView(epoch uint64, ranking []Ranked, active, numNodes int, leader string) *View {
	both := struct {
		View
		List
	}{List: *NewList(ranking)} // NewList's own is not made: the compiler sees that it is copied
	both.View = both.List.view(epoch, active, numNodes, leader)
	return &both.View
}

// List is an immutable ranking, best first. Any number of Views may have one in common. It is
// for package proxy, and not promised.
type List struct {
	ranking []Ranked
	addrs   []string // in its order
}

// NewList makes a List; it keeps ranking, which must not be changed afterwards. It is for
// package proxy, and not promised.
func NewList(ranking []Ranked) *List {
	addrs := make([]string, len(ranking))
	for i, r := range ranking {
		addrs[i] = r.Server.Addr
	}
	return &List{ranking: ranking, addrs: addrs}
}

// View makes a View with this ranking. active is an index in it, or -1 if no server is active.
func (l *List) View(epoch uint64, active, numNodes int, leader string) *View {
	v := l.view(epoch, active, numNodes, leader)
	return &v
}

// view is View. It has at hand what every call asks for.
func (l *List) view(epoch uint64, active, numNodes int, leader string) View {
	v := View{epoch: epoch, list: l, servers: len(l.ranking), numNodes: numNodes, leader: leader}
	if v.active = active >= 0 && v.servers > 0; v.active {
		v.front = l.ranking[active].Server
	}
	return v
}

// Ranked is the ranking, best first. All readers share the slice: do not change it.
func (l *List) Ranked() []Ranked {
	if l == nil {
		return nil
	}
	return l.ranking
}

// List is the ranking, which other Views may have in common; nil: there is no server.
// It is not promised: Servers, All and Ranking are.
func (v *View) List() *List { return v.list }

// Epoch is the version of the list. It grows with every change.
func (v *View) Epoch() uint64 { return v.epoch }

// Active is the server that carries the next call: the first of the ranking that may know a
// leader, else the first that answers without one, else the one whose last failure is the
// oldest. It is false if there is no server.
func (v *View) Active() (Server, bool) {
	return v.front, v.active
}

// Len is the number of servers.
func (v *View) Len() int { return v.servers }

// Servers is a copy of the ranking, best first.
func (v *View) Servers() []Server { return slices.AppendSeq(make([]Server, 0, v.Len()), v.All()) }

// All yields the ranking, best first.
func (v *View) All() iter.Seq[Server] {
	return func(yield func(Server) bool) {
		ranking := v.list.Ranked()
		for i := range ranking {
			if !yield(ranking[i].Server) {
				return
			}
		}
	}
}

// Ranking yields every server with its role and health, best first.
func (v *View) Ranking() iter.Seq[Ranked] { return slices.Values(v.list.Ranked()) }

// Addrs is the ranking's addresses, best first. Readers of this
// View share the slice: do not change it.
func (v *View) Addrs() []string {
	if v.list == nil {
		return nil
	}
	return v.list.addrs
}

// NumNodes is the cluster's size in the last heartbeat.
func (v *View) NumNodes() int { return v.numNodes }

// LeaderAddr is the leader's RPC address in the last heartbeat, as the server wrote it, up to
// 300 bytes; empty if it named none.
func (v *View) LeaderAddr() string { return v.leader }

// Health is the health of s; Unknown if it is not in the list.
func (v *View) Health(s Server) Health {
	if i := v.index(s); i >= 0 {
		return v.list.ranking[i].Health
	}
	return Unknown
}

// Source is how s came into the list; empty if it is not there.
func (v *View) Source(s Server) Source {
	if i := v.index(s); i >= 0 {
		return v.list.ranking[i].Source
	}
	return ""
}

// Contains reports whether s is in the list.
func (v *View) Contains(s Server) bool { return v.index(s) >= 0 }

// index finds s by its key.
func (v *View) index(s Server) int {
	if i := slices.Index(v.Addrs(), s.Addr); i >= 0 {
		return i
	}
	key := s.Key()
	return slices.IndexFunc(v.list.Ranked(), func(r Ranked) bool { return r.Server.Key() == key })
}
