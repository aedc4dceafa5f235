package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// What a server gets of the whole fleet when every agent is in the same trouble, in
// attempts a second, and how long an agent waits at most.
const (
	dialsPerServer   = 64              // while no server answers
	earlyPerServer   = 8 * 64          // of calls before their soft deadline: few agents have one under way
	latesPerServer   = 256             // of calls after their soft deadline, at first
	spreadsPerServer = 10 * 64         // of blocking queries whose session broke, at first: another server may be well
	fleetMost        = time.Minute     // between two attempts
	earlyMost        = 5 * time.Second // the same, before a soft deadline
	lateLeast        = time.Second
	lateMost         = 30 * time.Second
	spreadLeast      = 250 * time.Millisecond // what is less is no spread
	spreadFirst      = 6 * time.Second
	queryPauses      = 4 // that a blocking query has time for, of the longest
)

// fleet is the time in which every agent of the cluster does something once, when each
// server takes so many a second.
func fleet(view *messages.View, perServer int) time.Duration {
	nodes := min(view.NumNodes(), 1<<30)
	return min(time.Duration(nodes)*time.Second/time.Duration(perServer*max(view.Len(), 1)), fleetMost)
}

// late is the least pause of a call whose soft deadline is over: every agent of the fleet
// may have missed the same. Zero: it has none, or it is not over.
func (c *Call) late(env *Env) time.Duration {
	if c.AnswerBy.IsZero() || env.Now.Before(c.AnswerBy) {
		return 0
	}
	return lateLeastOf(env.View)
}

func lateLeastOf(view *messages.View) time.Duration {
	return min(max(fleet(view, latesPerServer), lateLeast), lateMost)
}

// spread is the ceiling of the pause before a blocking query is sent again whose session
// broke, or could not be made, whatever other servers there are. Every agent has such a
// query under way, so all of those on a server lose it in the same instant; with prompt
// calls few do. It grows threefold with each failure. Zero: the fleet is small, or the
// agent is alone with this failure, or what is dialed is spread already.
func (c *Call) spread(view *messages.View) time.Duration {
	first, most := fleet(view, spreadsPerServer), fleet(view, dialsPerServer)
	switch left := c.othersLeft(view); {
	case c.Block == 0, c.last.Kind != Lost, c.last.Silent, c.leavesAlone(), first < spreadLeast:
		return 0
	case c.Paced && (c.pauses > 1 || c.pauses > 0 && !left):
		return 0 // the agent's next dial is spread
	case c.pauses > 0 && !left:
		return most // one of the failed servers may be back: but the first pause is short
	}
	first = min(first, spreadFirst)
	for range min(c.pauses, 10) {
		first *= 3
	}
	return min(first, most)
}

// waits reports whether a blocking query pauses before it is sent at all: no server is known
// that may be well, and such queries are made again and again by every agent. Where dials
// are paced there is no need to.
func (c *Call) waits(view *messages.View) bool {
	if c.waited || c.Paced || c.Block == 0 || c.attempts > 0 || view.Len() == 0 || fleet(view, spreadsPerServer) < spreadLeast || c.othersLeft(view) {
		return false
	}
	c.waited = true
	return true
}
