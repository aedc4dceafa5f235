package heartbeat

import "time"

// When heartbeats are sent; see the package comment for the reasons.
const (
	longestTTL    = 24 * time.Hour // a longer one is taken for this
	marginMost    = 5 * time.Second
	leastInterval = 100 * time.Millisecond // whatever a server grants
	idleInterval  = 30 * time.Second       // without a TTL
)

// How fast failures are followed by another call.
const (
	retryLeast  = time.Second
	retryMost   = 8 * time.Second  // while servers cannot be reached
	refusedMost = 30 * time.Second // while they refuse
	fleetMost   = 30 * time.Second // what the size of the fleet makes of retryLeast
	tryFirst    = 8 * time.Second  // how long one call tries without a deadline
	tryMost     = time.Minute
)

// How agents that do the same at the same time are spread.
const (
	firstMost       = 10 * time.Second // the first heartbeat after a registration
	againMost       = time.Minute      // registering again
	moveLeast       = 500 * time.Millisecond
	moveMost        = 5 * time.Second
	moveGap         = 5 * time.Second // between two heartbeats because of moves
	callsApart      = time.Second     // between two calls that the embedder asked for
	triesASecond    = 256             // of the fleet, on each server
	movesASecond    = 4096            // the same; a heartbeat that changes nothing is cheap
	registersPerSec = 1000            // in the cluster: each is an entry of the leader's log
)

// interval is the time from when the TTL begins to the next heartbeat. took is how
// long the last one took, chance a number in [0, 1).
func interval(ttl, took time.Duration, chance float64) time.Duration {
	margin := max(min(ttl/3, marginMost), min(2*took, ttl/2))
	return max(ttl-margin-fraction(ttl/16, chance), leastInterval)
}

// idle is the time between heartbeats without a TTL.
func idle(chance float64) time.Duration { return idleInterval - fraction(idleInterval/4, chance) }

// bounded is a TTL as it is counted with.
func bounded(ttl time.Duration) time.Duration { return min(max(ttl, 0), longestTTL) }

// fleet is the size of the cluster as the last reply told it.
type fleet struct{ nodes, servers int }

// at is the time in which the fleet does something once, each server taking so many
// a second.
func (f fleet) at(perSecond int) time.Duration {
	return f.over(perSecond * max(f.servers, 1))
}

// over is the time in which the fleet does something once at so many a second.
func (f fleet) over(perSecond int) time.Duration {
	nodes := min(max(f.nodes, 0), 1<<30)
	return time.Duration(float64(nodes) / float64(perSecond) * float64(time.Second))
}

// pause is the time between the n-th call in a row that failed, n from 1, and the
// next one. The fleet's size counts, also beyond most.
func (f fleet) pause(n int, most time.Duration, chance float64) time.Duration {
	least := min(max(f.at(triesASecond), retryLeast), fleetMost)
	p := min(least<<min(max(n, 1)-1, 10), max(most, least))
	return p + fraction(p/2, chance)
}

// try is how long one call tries when there is no deadline, after so many failed.
func try(failed int) time.Duration { return min(tryFirst<<min(max(failed, 0), 10), tryMost) }

// first is the time from a registration to the heartbeat after it.
func (f fleet) first(chance float64) time.Duration {
	return fraction(min(f.over(registersPerSec), firstMost), chance)
}

// again is the time until a node registers again that the cluster does not know.
func (f fleet) again(chance float64) time.Duration {
	return fraction(min(f.over(registersPerSec), againMost), chance)
}

// move is the time from a change of the server in front to the heartbeat there.
func (f fleet) move(chance float64) time.Duration {
	return fraction(min(max(f.at(movesASecond), moveLeast), moveMost), chance)
}

// fraction is the part of d that chance, in [0, 1), says.
func fraction(d time.Duration, chance float64) time.Duration {
	return time.Duration(chance * float64(d))
}
