package testutil

import (
	"slices"
	"time"
)

// listener is a [Server], of which a world knows no more.
type listener interface {
	Addr() string
	Advertised() string
}

// outlook is the published picture of a world. It is never changed: a new one
// replaces it, and then changed is closed.
type outlook struct {
	leader     string       // "" while there is none
	lost       string       // the leader that just died, while calls are still forwarded to it
	parted     bool         // it did not die, it ended in an orderly way
	stuck      bool         // those calls are not refused: they get no answer
	lostAt     time.Time    // when there was a leader last
	puppet     bool         // it is the picture that the server was given
	configured []string     // every member, dead ones too
	live       []ServerInfo // those a heartbeat lists
	servers    []listener   // every server that ever was a member
	changed    chan struct{}
}

// isLive reports whether a server is one of those that heartbeats name.
func (o *outlook) isLive(addr string) bool {
	return slices.ContainsFunc(o.live, func(i ServerInfo) bool { return i.RPCAdvertiseAddr == addr })
}

// told is what clients are told for a member's address. What a puppet believes it tells
// as it is.
func (o *outlook) told(addr string) string {
	for _, s := range o.servers {
		if !o.puppet && s.Addr() == addr {
			return s.Advertised()
		}
	}
	return addr
}

// Picture is a puppet's view of its cluster. The zero value is that of a
// server that has just been started: it knows no member and no leader.
type Picture struct {
	Leader     string       // address; empty: no leader is known
	Lost       string       // while there is no leader: the one that calls are still forwarded to
	Parted     bool         // Lost ended in an orderly way, it did not die
	Stuck      bool         // Lost does not refuse these calls, it leaves them without an answer
	HandingOn  bool         // the leader is handing the leadership on: writes are refused
	Deposed    bool         // the leader has stepped down, which is known to it alone: writes are refused
	Configured []string     // addresses of all members
	Live       []ServerInfo // the members that heartbeats name
	NumNodes   int          // nodes registered in the whole cluster
}

// outlook is the picture in the form in which it is published.
func (p *Picture) outlook() *outlook {
	next := &outlook{
		puppet: true, leader: p.Leader, configured: p.Configured, live: p.Live,
		changed: make(chan struct{}),
	}
	if p.Leader == "" {
		next.lost, next.parted, next.stuck = p.Lost, p.Parted, p.Stuck
	}
	return next
}
