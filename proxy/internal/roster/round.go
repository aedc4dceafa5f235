package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// round is one rebalance round: candidates are probed in order until one
// answers. The next one is probed when a probe fails, and also when the stagger
// has passed in silence, so a row of dead servers costs no more than one limit.
type round struct {
	number     uint64 // of the round under way, or of the last one
	running    bool
	homeward   bool // it takes the agent to its seat
	verifying  bool // it is about the servers only that are to replace the held ones
	began      time.Time
	limit      time.Time     // the round is over then, whatever has been reported
	stagger    time.Duration // silence after which the next candidate is probed too
	next       time.Time     // when that is
	candidates []candidate
	started    int // candidates[started:] have not had their turn
	waiters    []actor.Reply[messages.RebalanceResult]
}

// candidate is a server of a round.
type candidate struct {
	server messages.Server
	state  probeState
	err    error  // why it refused
	epoch  uint64 // what was known when it was asked; later news overrule its answer
}

type probeState uint8

const (
	waiting  probeState = iota // not probed yet, or gone before its turn
	asked                      // probed, silent so far
	refused                    // probed, answered with an error
	answered                   // probed, answered
)

// deadline is when the round needs Expire next.
func (d *round) deadline() time.Time {
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

// rebalance begins a round. During a round it begins none; who waits gets the
// result of the one that runs.
func (r *Roster) rebalance(now time.Time, reply actor.Reply[messages.RebalanceResult]) {
	if reply.Awaited() {
		r.round.waiters = append(r.round.waiters, reply)
	}
	if !r.round.running {
		r.beginRound(now)
	}
}

// beginRound orders the candidates and probes the first. Every probe may last
// until the round's limit; the stagger shrinks with the number of candidates so
// that the last one still has half of it.
func (r *Roster) beginRound(now time.Time) {
	d := &r.round
	d.number++
	r.list.forgiven(now)
	d.running, d.started, d.homeward, d.verifying = true, 0, r.homeward(), r.verifying()
	d.began, d.limit = now, now.Add(r.cfg.ProbeTimeout)
	d.candidates = d.candidates[:0]
	for _, e := range r.arrange(d.homeward) {
		if d.verifying && (e.held || r.list.isBackup(e)) {
			continue
		}
		e.passed = true
		d.candidates = append(d.candidates, candidate{server: e.server})
	}
	share := r.cfg.ProbeTimeout / time.Duration(2*max(len(d.candidates), 1))
	d.stagger = max(min(r.cfg.ProbeStagger, share), 1)
	r.probeNext(now)
}

// arrange orders the servers for a round: primaries, then backups. In each class
// those that know no leader come last. A homeward round goes by the agent's seat.
func (r *Roster) arrange(homeward bool) []*entry {
	primaries, backups := slices.Clone(r.list.primaries), slices.Clone(r.list.backups)
	if homeward {
		seated(primaries, r.cfg.Seat)
		r.ownFirst(primaries)
	} else {
		r.ordered(primaries)
	}
	r.cfg.Policy.arrange(backups, r.cfg.NodeID, r.rng)
	for _, class := range [...][]*entry{primaries, backups} {
		toBack(class, r.late)
		toBack(class, behind)
	}
	return append(primaries, backups...)
}

// ordered puts primaries into the order of the policy and of the datacenters.
func (r *Roster) ordered(primaries []*entry) []*entry {
	r.cfg.Policy.arrange(primaries, r.cfg.NodeID, r.rng)
	r.ownFirst(primaries)
	return primaries
}

// ownFirst moves the servers of the agent's datacenter before the others, if these
// are preferred.
func (r *Roster) ownFirst(primaries []*entry) {
	if r.cfg.PreferDatacenter && r.cfg.Datacenter != "" {
		ownFirst(primaries, r.cfg.Datacenter)
	}
}

// probeNext probes the next candidate that is still listed. When there is none
// and nothing is outstanding either, the round has found nobody.
func (r *Roster) probeNext(now time.Time) {
	d := &r.round
	for d.started < len(d.candidates) {
		c := &d.candidates[d.started]
		d.started++
		if e := r.list.find(c.server.Addr); e != nil {
			c.state, c.epoch = asked, r.asOf(e)
			d.next = now.Add(d.stagger)
			r.box.command(Probe{Round: d.number, Server: c.server, Until: d.limit})
			return
		}
	}
	if d.count(asked) == 0 {
		r.endRound(now, nobody)
	}
}

// probeDone takes the result of a probe. Results of another round and of servers
// that were not asked are ignored. An answer that has been overruled since the
// probe began counts as none.
func (r *Roster) probeDone(now time.Time, m messages.ProbeDone) {
	d := &r.round
	if !d.running || m.Round != d.number {
		return
	}
	c := d.asked(m.Server.Addr)
	if c == nil {
		return
	}
	c.state, c.err = refused, m.Err
	e := r.list.find(c.server.Addr)
	switch {
	case m.Err != nil, e != nil && e.health == messages.Failed && e.stale(c.epoch):
		r.probeNext(now)
	case e == nil:
		c.state = answered
		r.endRound(now, frozen)
	default:
		c.state = answered
		r.adopt(e)
		r.endRound(now, adopted)
	}
}

// expireRound does what is due in the round under way.
func (r *Roster) expireRound(now time.Time) {
	switch d := &r.round; {
	case due(d.limit, now):
		r.endRound(now, nobody)
	case due(d.deadline(), now):
		r.probeNext(now)
	}
}
