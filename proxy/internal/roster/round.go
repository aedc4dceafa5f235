package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// round is one rebalance round: candidates are probed in order until one
// answers. The next one is probed when a probe fails, and also when the stagger
// has passed in silence, so a row of dead servers costs no more than one limit.
type round struct {
	number  uint64 // of the round under way, or of the last one
	running bool
	*course // of the round under way; nil: there is none
}

// course is the state of a round under way.
type course struct {
	extra      bool // it was brought forward, and the regular one is still to come
	homeward   bool // it takes the agent back to where it belongs
	short      bool // not every server is a candidate
	verifying  bool // only servers that are to replace retained ones are candidates
	began      moment.Time
	limit      moment.Time   // the round is over then, whatever has been reported
	stagger    time.Duration // silence after which the next candidate is probed too
	next       moment.Time   // when that is
	waitUntil  moment.Time   // a server has answered, and a silent one before it in the order has time until then; zero: none has
	candidates []candidate
	started    int // candidates[started:] are not probed yet
}

// candidate is a server of a round.
type candidate struct {
	server messages.Server
	state  probeState
	err    error       // why it refused
	epoch  uint64      // of the roster when it was asked; a later change of the server overrules its answer
	since  moment.Time // when it was asked
}

type probeState uint8

const (
	waiting  probeState = iota // not probed yet, or it left before
	asked                      // probed, silent so far
	refused                    // probed, answered with an error
	answered                   // probed, answered
)

// deadline is when the round needs Expire next.
func (d *round) deadline() moment.Time {
	if !d.waitUntil.IsZero() {
		return earlier(d.limit, d.waitUntil)
	}
	if d.started < len(d.candidates) {
		return earlier(d.limit, d.next)
	}
	return d.limit
}

// count is the number of candidates in one of the states.
func (d *round) count(states ...probeState) int {
	n := 0
	for _, c := range d.candidates {
		if slices.Contains(states, c.state) {
			n++
		}
	}
	return n
}

// asked is the candidate with that address if its probe is outstanding.
func (d *round) asked(addr string) *candidate {
	for i := range d.candidates {
		if c := &d.candidates[i]; c.server.Addr == addr && c.state == asked {
			return c
		}
	}
	return nil
}

// believed reports whether e may be marked failed because the candidate did not
// answer: it was asked, and nothing newer is known.
func (c *candidate) believed(e *entry) bool {
	return c.state != waiting && !(e.health != messages.Failed && e.stale(c.epoch))
}

// outcome is how a round ended.
type outcome uint8

const (
	adopted  outcome = iota // a server answered: the new order is in use
	frozen                  // the server that answered had left: the old order stays
	noAnswer                // no server answered: the old order stays
)
