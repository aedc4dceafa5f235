package roster

import "time"

// longestInterval bounds the time between rounds, so that a nonsensical node
// count cannot end rebalancing. Five million clients on one server stay below.
const longestInterval = 24 * time.Hour

// draws are the random part of one interval: two numbers in [0, 1), drawn when a
// round ends and kept until the next one does. A node or server count that
// changes in between moves the deadline, but the client keeps its place in the
// fleet's order.
type draws struct{ reuse, scaled float64 }

// interval is the time from the end of one round to the start of the next:
//
//	max(reuse + up to reuse/2, scaled + up to scaled/16)
//
// where reuse is the least time a connection is kept and scaled the time in
// which numServers servers can take numNodes new connections. Without a server
// only the first counts.
func (t Timing) interval(numNodes, numServers int, d draws) time.Duration {
	reuse := float64(t.MinInterval)
	reuse += float64(d.reuse * reuse / 2) // the conversion keeps every platform from fusing the sum
	if numServers > 0 {
		scaled := t.scaled(numNodes, numServers)
		scaled += float64(d.scaled * scaled / 16)
		reuse = max(reuse, min(scaled, float64(longestInterval)))
	}
	return time.Duration(reuse)
}

// spread is the time from a failover to the round that it brings forward:
//
//	max(Spread + up to 2 x Spread, up to scaled)
//
// with scaled as in interval and both parts from one draw in [0, 1): if the whole
// fleet fails over at once, its rounds come evenly over the time in which the
// servers can take them.
func (t Timing) spread(numNodes, numServers int, draw float64) time.Duration {
	base := float64(t.Spread)
	base += float64(draw * 2 * base)
	if numServers > 0 {
		base = max(base, min(float64(draw*t.scaled(numNodes, numServers)), float64(longestInterval)))
	}
	return time.Duration(base)
}

// scaled is the time, in nanoseconds, in which numServers servers, at least one,
// can take numNodes new connections.
func (t Timing) scaled(numNodes, numServers int) float64 {
	perSecond := float64(t.ConnsPerServerSecond) * float64(numServers)
	return float64(numNodes) / perSecond * float64(time.Second)
}
