package roster

import (
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// probeNext probes the next candidate that is still listed. When there is none
// and nothing is outstanding either, or no time is left, the round has found no server.
func (r *Roster) probeNext(now moment.Time) {
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
			r.shared.box.command(Probe{Round: d.number, Server: c.server, Until: r.shared.clock.Time(d.limit)})
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
func (r *Roster) probeDone(now moment.Time, m messages.ProbeDone) {
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
			e.noteAnswer()
		}
	}
	r.weigh(now)
}

// weigh adopts the first candidate in the order that has answered, once those before
// it have had their time, and probes the next one where none has. A server that is far
// away needs several round trips to answer: if a near one that answers meanwhile were
// adopted, no agent would ever move to it. An agent that is not known to be served does
// not wait for it.
func (r *Roster) weigh(now moment.Time) {
	d := &r.round
	d.waitUntil = 0
	var until moment.Time // of the first that is silent
	active := r.list.active()
	served := active != nil && active.health == messages.Alive && !d.verifying
	for i := range d.candidates[:d.started] {
		c := &d.candidates[i]
		if c.state == asked && served && until.IsZero() {
			if end := earlier(c.since.Add(r.shared.cfg.ProbeTimeout/2), d.limit); now.Before(end) {
				until = end
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
		case !until.IsZero():
			d.waitUntil = until
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
func (r *Roster) expireRound(now moment.Time) {
	switch d := &r.round; {
	case due(d.waitUntil, now), due(d.limit, now):
		r.weigh(now)
	case due(d.deadline(), now):
		r.probeNext(now)
	}
}
