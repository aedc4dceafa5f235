package roster

import (
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// Shared is what the rosters of one configuration have in common, as those of a simulated
// fleet do: the configuration, what servers are called, and memory that only a step needs. It
// belongs to one goroutine, with all its rosters. The effects of each are to be taken before
// another is called.
type Shared struct {
	cfg   Config
	clock moment.Clock
	box   outbox
	known *known    // nil: there is but one roster
	first []*about  // the servers of the configuration, each once
	named []*named  // by the last heartbeats
	idle  []*course // memory for rounds
	order []*entry  // memory for the order of a round

	members  []member                   // memory for what a heartbeat names
	admitted map[string]messages.Server // addresses of heartbeats that any roster takes
}

// Share makes a Shared for many rosters. Of cfg, NodeID and FleetIndex do not count: they are
// each roster's own.
func Share(cfg Config) *Shared {
	s := newShared(cfg)
	s.known, s.admitted = newKnown(), make(map[string]messages.Server)
	return s
}

// newShared is a Shared for one roster.
func newShared(cfg Config) *Shared {
	return &Shared{cfg: cfg.withDefaults(), box: outbox{quiet: cfg.NoLog}}
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

// mostNamed is how many different heartbeats are remembered for sharing.
const mostNamed = 8

// namedBy is what infos name, the same one for all.
func (s *Shared) namedBy(infos []messages.ServerInfo) *named {
	if s.known == nil {
		return newNamed(infos)
	}
	for _, n := range s.named {
		if n.by(infos) {
			return n
		}
	}
	n := newNamed(infos)
	if len(s.named) == mostNamed {
		s.named = append(s.named[:0], s.named[1:]...)
	}
	s.named = append(s.named, n)
	return n
}
