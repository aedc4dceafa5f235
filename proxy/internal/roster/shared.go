package roster

import (
	"math/rand/v2"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// Shared is what the rosters of one configuration have in common, as those of a simulated
// fleet do: the configuration, what servers are called, and memory that only a step needs. It
// belongs to one goroutine, with all its rosters. The effects of each are to be taken before
// another is called.
type Shared struct {
	cfg   Config
	clock moment.Clock
	box   outbox
	known *known // nil: there is but one roster
	idle  []*course
}

// Share makes a Shared for many rosters. Of cfg, NodeID and FleetIndex do not count: they are
// each roster's own.
func Share(cfg Config) *Shared {
	return &Shared{cfg: cfg.withDefaults(), known: newKnown()}
}

// mostIdle is how many courses are kept for the next rounds.
const mostIdle = 256

// course is memory for a round.
func (s *Shared) course() *course {
	last := len(s.idle) - 1
	if last < 0 {
		return new(course)
	}
	c := s.idle[last]
	s.idle = s.idle[:last]
	*c = course{candidates: c.candidates[:0]}
	return c
}

// ended takes it back.
func (s *Shared) ended(c *course) {
	if len(s.idle) < mostIdle {
		s.idle = append(s.idle, c)
	}
}

// New makes a Roster. It owns rng from then on: give each client a source with a seed of its
// own, or all of them choose the same servers. nodeID and fleetIndex are as in Config.
func (s *Shared) New(nodeID string, fleetIndex uint64, rng *rand.Rand) *Roster {
	r := &Roster{shared: s, nodeID: nodeID, fleetIndex: fleetIndex, rng: rng}
	r.list.known = s.known
	r.setUp()
	return r
}
