package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// longestInterval bounds the time between rounds, so that a nonsensical node
// count cannot end rebalancing. Five million clients on one server stay below.
const longestInterval = 24 * time.Hour

// size decides the times between rounds: the nodes of the cluster, and
// the servers that their rounds spread over. Zero nodes: unknown.
type size struct{ nodes, servers int }

// draws are the random part of one interval: two numbers in [0, 1), drawn when a
// round ends and kept until the next one does. A node or server count that
// changes in between moves the deadline, but the client keeps its place in the
// fleet's order.
type draws struct{ reuse, scaled float64 }

// interval is the time from the end of one round to the start of the next:
//
//	reuse + up to reuse/2     while that is enough, on average, for scaled
//	scaled + up to scaled/32  in a larger fleet
//
// where reuse is the least time a connection is kept and scaled the time in
// which the servers can take a new connection of every node. Without a server
// only the first counts.
func (t Timing) interval(of size, d draws) time.Duration {
	reuse, scaled := float64(t.MinInterval), t.scaled(of)
	if scaled > reuse+float64(reuse/4) {
		scaled += float64(d.scaled * scaled / 32) // the conversion keeps every platform from fusing the sum
		return time.Duration(min(scaled, float64(longestInterval)))
	}
	return time.Duration(reuse + float64(d.reuse*reuse/2))
}

// first is the interval before the first round. Agents that start together would
// have all their rounds together, so it ends anywhere, by one draw in [0, 1), in a
// stretch in which the servers can take the whole fleet:
//
//	the last of (longest interval without jitter), as long as max(reuse/2, scaled)
func (t Timing) first(of size, draw float64) time.Duration {
	reuse, scaled := float64(t.MinInterval), min(t.scaled(of), float64(longestInterval))
	end, stretch := max(reuse+float64(reuse/2), scaled), max(reuse/2, scaled)
	return time.Duration(end - float64((1-draw)*stretch))
}

// spread is the time from an event that brings the next round forward to that round:
//
//	Spread + up to max(2 x Spread, stretch)
//
// by one draw in [0, 1). The event may be the whole fleet's: in the stretch its rounds
// and the regular ones together are a seventh more than the servers' regular share. If
// that takes as long as a connection is kept the regular rounds do as well, and false
// is returned: none is brought forward.
func (t Timing) spread(of size, draw float64) (time.Duration, bool) {
	scaled, mean := t.scaled(of), float64(t.MinInterval+t.MinInterval/4)
	room := 1.15 - scaled/mean
	if room <= 0 || scaled/room > float64(t.MinInterval) {
		return 0, false
	}
	return t.Spread + time.Duration(draw*max(2*float64(t.Spread), scaled/room)), true
}

// scaled is the time, in nanoseconds, in which the servers can take a new connection
// of every node. Without a server it is zero.
func (t Timing) scaled(of size) float64 {
	if of.servers <= 0 {
		return 0
	}
	perSecond := float64(t.ConnsPerServerSecond) * float64(of.servers)
	return float64(of.nodes) / perSecond * float64(time.Second)
}

// due reports whether the deadline at, if there is one, has come.
func due(at, now moment.Time) bool { return !at.IsZero() && !now.Before(at) }

// earlier is the earlier of a deadline and another one that may be zero.
func earlier(at, other moment.Time) moment.Time {
	if !other.IsZero() && other.Before(at) {
		return other
	}
	return at
}
