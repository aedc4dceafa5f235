package heartbeat

import "time"

// When heartbeats are sent; see the package comment for the reasons.
const (
	longestTTL    = 24 * time.Hour // a longer TTL counts as this
	marginMost    = 5 * time.Second
	leastInterval = 100 * time.Millisecond // whatever a server grants
	idleInterval  = 30 * time.Second       // without a TTL
)

// How fast failures are followed by another call.
const (
	retryLeast  = time.Second
	retryMost   = 8 * time.Second  // while servers cannot be reached
	refusedMost = 30 * time.Second // while they refuse
	fleetMost   = 30 * time.Second // the longest first pause in a large fleet
	tryFirst    = 8 * time.Second  // how long one call goes on without a TTL
	tryMost     = time.Minute
)

// How calls that many agents make at the same time are spread.
const (
	firstMost       = 10 * time.Second // the first heartbeat after a registration
	againMost       = time.Minute      // registering again
	moveLeast       = 500 * time.Millisecond
	moveMost        = 5 * time.Second
	moveGap         = 5 * time.Second // between two heartbeats because of moves
	callsApart      = time.Second     // between two calls that the agent asked for
	triesASecond    = 256             // of the fleet, on each server
	movesASecond    = 4096            // the same; a heartbeat that changes nothing is cheap
	registersPerSec = 1000            // in the cluster: each is an entry of the leader's log
)

// beatInterval is the time from the beginning of the TTL to the next heartbeat. took is how
// long the last one took, chance a number in [0, 1).
func beatInterval(ttl, took time.Duration, chance float64) time.Duration {
	margin := max(min(ttl/3, marginMost), min(2*took, ttl/2))
	return max(ttl-margin-fraction(ttl/16, chance), leastInterval)
}

// idleBeatInterval is the time between heartbeats without a TTL.
func idleBeatInterval(chance float64) time.Duration {
	return idleInterval - fraction(idleInterval/4, chance)
}

// boundedTTL is a granted TTL within its bounds.
func boundedTTL(ttl time.Duration) time.Duration { return min(max(ttl, 0), longestTTL) }

// fleet is the size of the cluster in the last reply.
type fleet struct{ nodes, servers int }

// perServer is the time in which every node does something once, at perSecond on each
// server.
func (f fleet) perServer(perSecond int) time.Duration {
	return f.perCluster(perSecond * max(f.servers, 1))
}

// perCluster is the time in which every node does something once, at perSecond in all.
func (f fleet) perCluster(perSecond int) time.Duration {
	nodes := min(max(f.nodes, 0), 1<<30)
	return time.Duration(float64(nodes) / float64(perSecond) * float64(time.Second))
}

// pause is the time between the n-th call in a row that failed, n from 1, and the
// next one. The fleet's size counts, also beyond most.
func (f fleet) pause(n int, most time.Duration, chance float64) time.Duration {
	least := min(max(f.perServer(triesASecond), retryLeast), fleetMost)
	p := min(least<<min(max(n, 1)-1, 10), max(most, least))
	return p + fraction(p/2, chance)
}

// try is how long one call tries when there is no deadline, after so many failed.
func try(failed int) time.Duration { return min(tryFirst<<min(max(failed, 0), 10), tryMost) }

// first is the time from a registration to the heartbeat after it.
func (f fleet) first(chance float64) time.Duration {
	return fraction(min(f.perCluster(registersPerSec), firstMost), chance)
}

// again is the time until a node registers again that the cluster does not know.
func (f fleet) again(chance float64) time.Duration {
	return fraction(min(f.perCluster(registersPerSec), againMost), chance)
}

// move is the time from a change of the server in front to the heartbeat there.
func (f fleet) move(chance float64) time.Duration {
	return fraction(min(max(f.perServer(movesASecond), moveLeast), moveMost), chance)
}

// fraction is d times chance, which is in [0, 1).
func fraction(d time.Duration, chance float64) time.Duration {
	return time.Duration(chance * float64(d))
}
