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
	extra      bool // it was brought forward, and the regular one is still to come
	homeward   bool // it takes the agent back to where it belongs
	short      bool // not every server is a candidate
	verifying  bool // it is about the servers only that are to replace the held ones
	began      time.Time
	limit      time.Time     // the round is over then, whatever has been reported
	stagger    time.Duration // silence after which the next candidate is probed too
	next       time.Time     // when that is
	turn       time.Time     // a server has answered, and the turn of one before it ends then; zero: none has
	candidates []candidate
	started    int // candidates[started:] have not had their turn
	waiters    []actor.Reply[messages.RebalanceResult]
}

// candidate is a server of a round.
type candidate struct {
	server messages.Server
	state  probeState
	err    error     // why it refused
	epoch  uint64    // what was known when it was asked; later news overrule its answer
	since  time.Time // when it was asked
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
	if !d.turn.IsZero() {
		return earlier(d.limit, d.turn)
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

// rebalance begins a round, which goes by chance whatever was to come. During a round
// it begins none; who waits gets the result of the one that runs.
func (r *Roster) rebalance(now time.Time, reply actor.Reply[messages.RebalanceResult]) {
	if reply.Awaited() {
		r.round.waiters = append(r.round.waiters, reply)
	}
	if r.round.running {
		return
	}
	if s := &r.schedule; r.cfg.Policy == Shuffle && r.cfg.Seat == 0 {
		s.homeward, s.home, s.joined = false, "", false
	}
	r.beginRound(now, false)
}

// beginRound orders the candidates and probes the first. Every probe may last
// until the round's limit; the stagger shrinks with the number of candidates so
// that the last one still has half of it.
func (r *Roster) beginRound(now time.Time, extra bool) {
	d := &r.round
	d.number++
	r.list.forgiven(now)
	d.running, d.extra, d.started, d.homeward, d.verifying = true, extra, 0, r.schedule.homeward, r.verifying()
	d.began, d.limit, d.turn = now, now.Add(r.cfg.ProbeTimeout), time.Time{}
	d.candidates = d.candidates[:0]
	order := r.arrange(d.homeward)
	if d.verifying {
		order = slices.DeleteFunc(order, func(e *entry) bool { return e.held || r.list.isBackup(e) })
	}
	d.short = len(order) > maxCandidates
	for _, e := range r.shortlist(order) {
		e.passed = true
		d.candidates = append(d.candidates, candidate{server: e.server})
	}
	r.list.forgetJoins()
	share := r.cfg.ProbeTimeout / time.Duration(2*max(len(d.candidates), 1))
	d.stagger = max(min(r.cfg.ProbeStagger, share), 1)
	r.probeNext(now)
}

// arrange orders the servers for a round: primaries, then backups. In each class
// those that know no leader come last. A homeward round goes by the agent's seat.
func (r *Roster) arrange(homeward bool) []*entry {
	primaries, backups := slices.Clone(r.list.primaries), slices.Clone(r.list.backups)
	if homeward && r.cfg.Policy == Shuffle && r.cfg.Seat != 0 {
		seated(primaries, r.cfg.Seat)
		r.ownFirst(primaries)
	} else {
		r.ordered(primaries)
		r.settleIn(primaries)
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
// and nothing is outstanding either, or no time is left, the round has found nobody.
func (r *Roster) probeNext(now time.Time) {
	d := &r.round
	if due(d.limit, now) {
		r.exhausted(now)
		return
	}
	for d.started < len(d.candidates) {
		c := &d.candidates[d.started]
		d.started++
		if e := r.list.find(c.server.Addr); e != nil {
			c.state, c.epoch, c.since = asked, r.asOf(e), now
			d.next = now.Add(d.stagger)
			r.box.command(Probe{Round: d.number, Server: c.server, Until: d.limit})
			return
		}
	}
	if d.count(asked) == 0 {
		r.exhausted(now)
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
	if m.Err == nil {
		c.state = answered
		if e := r.list.find(c.server.Addr); e != nil {
			e.owes = 0
		}
	}
	r.weigh(now)
}

// weigh adopts the first candidate in the order that has answered, once those before
// it have had their turn, and probes the next one where none has. A server that is far
// away needs several round trips to answer: if whoever is near and answers meanwhile
// were adopted, nobody would ever move to it. An agent that is not known to be served
// does not wait for that.
func (r *Roster) weigh(now time.Time) {
	d := &r.round
	d.turn = time.Time{}
	var turn time.Time // of the first that is silent
	active := r.list.active()
	served := active != nil && active.health == messages.Alive && !d.verifying
	for i := range d.candidates[:d.started] {
		c := &d.candidates[i]
		if c.state == asked && served && turn.IsZero() {
			if end := earlier(c.since.Add(r.cfg.ProbeTimeout/2), d.limit); now.Before(end) {
				turn = end
			}
		}
		if c.state != answered {
			continue
		}
		e := r.list.find(c.server.Addr)
		switch {
		case e != nil && e.health == messages.Failed && e.stale(c.epoch):
			c.state = refused
			continue
		case e != nil && e.behind && (d.count(asked) > 0 || d.started < len(d.candidates)):
			continue // the others have their time
		case !turn.IsZero():
			d.turn = turn
		case e == nil:
			r.endRound(now, frozen)
		default:
			r.adopt(e)
			r.endRound(now, adopted)
		}
		return
	}
	r.probeNext(now)
}

// expireRound does what is due in the round under way. It may come late, when the
// agent was asleep: a server that has answered is adopted then, and none is probed.
func (r *Roster) expireRound(now time.Time) {
	switch d := &r.round; {
	case due(d.turn, now), due(d.limit, now):
		r.weigh(now)
	case due(d.deadline(), now):
		r.probeNext(now)
	}
}
