package fleet

import "time"

const (
	noLeaderHold = 5 * time.Second // servers wait for a leader so long (rpc_hold_timeout; Nomad 2.0.6, nomad/config.go)
	noLeaderStep = 312 * time.Millisecond
)

// What the event of an answer brings.
const (
	served uint32 = iota
	refusedLeaderless
)

// send puts a call on a session.
func (f *Fleet) send(a *agent, i int, s *session) {
	c := a.call(i)
	s.engaged = true
	f.ride(a, &c.wait, s)
	if i == watch {
		f.hold(a)
		return
	}
	n := c.server
	f.count(f.servers[n].beats)
	switch {
	case !f.cluster.Up(n): // its session is about to break
		c.lost = true
	case !f.serves(a, n):
		if a.met == 0 && n == a.front {
			a.met = f.now
		}
		f.lose(a, &c.wait)
	case !f.hasLeader(n):
		wait := f.cfg.spoil.hold(noLeaderHold)
		step := a.upTo(noLeaderStep)
		if until := f.cluster.LeadsIn(n); until > 0 {
			wait = min(wait, until+step)
		}
		f.answerComes(a, i, &c.wait, wait, refusedLeaderless)
	default:
		f.asks(a, i, &c.wait, askBeat)
	}
}

// hold has a server hold the blocking query.
func (f *Fleet) hold(a *agent) {
	c := &a.query
	c.held = watchFor + watchFor/16
	if c.moves != a.moves { // another server is in front by now
		f.todo = append(f.todo, todo{gen: c.gen, which: watch, effect: movedOff{}})
		return
	}
	a.watchEnds = f.now + watchFor + a.upTo(watchFor/16)
	f.queue.push(event{at: a.watchEnds, agent: a.id, kind: evAnswered, server: c.server, call: watch, gen: c.gen})
	after, taken := f.serve(a, c.server, askWatch)
	if taken && (a.outSince > 0 || a.sure != c.server || !a.session(c.session).proven) {
		f.in(after, event{agent: a.id, kind: evTaken, gen: c.gen})
	}
}
