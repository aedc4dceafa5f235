package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

const (
	noLeaderHold = 5 * time.Second // servers wait for a leader so long (rpc_hold_timeout; Nomad 2.0.6, nomad/config.go)
	noLeaderStep = 312 * time.Millisecond
	grace        = 10 * time.Second // and for a heartbeat beyond its TTL (heartbeat_grace; the same)
)

// send puts a call on the session with its server.
func (f *Fleet) send(a *agent, i int) {
	c := &a.calls[i]
	n := c.server
	c.dials, c.sent = false, true
	if i == watch {
		f.hold(a, n)
		return
	}
	f.count(f.servers[n].beats)
	of := event{agent: a.id, server: n, call: uint8(i), gen: c.gen, kind: evAnswered}
	switch {
	case !f.servers[n].up: // its session is about to break
	case !f.reaches(a, n):
		if a.met == 0 && n == a.front {
			a.met = f.now
		}
		f.overdue(a, n)
	case !f.hasLeader(n):
		wait := noLeaderHold
		if until := f.leads - f.now + a.upTo(noLeaderStep); f.leader >= 0 && until > 0 && !f.servers[n].leaderless {
			wait = min(wait, until)
		}
		of.kind = evNoLeader
		f.in(wait, of)
	default:
		f.in(f.rtt(a, n)+f.servers[f.leader].rtt, of)
	}
}

// hold has a server hold the blocking query.
func (f *Fleet) hold(a *agent, n int16) {
	a.watchEnds = f.now + watchFor + a.upTo(watchFor/16)
	f.queue.push(event{at: a.watchEnds, agent: a.id, kind: evHeld, server: n, call: watch, gen: a.calls[watch].gen})
	if !f.reaches(a, n) {
		return
	}
	if a.outSince > 0 {
		f.back(a)
	}
	f.proven(a, n)
}

// blockEnded ends a blocking query and makes the next one.
func (f *Fleet) blockEnded(a *agent, e event) {
	c := a.current(e)
	switch {
	case c == nil || !c.sent:
	case f.reaches(a, e.server):
		c.on = false
		a.links[e.server].heard = f.now
		a.dials.Served(f.servers[e.server].Addr)
		f.begin(a, watch)
	default:
		f.overdue(a, e.server)
	}
}

// answered takes the answer to a heartbeat.
func (f *Fleet) answered(a *agent, e event) {
	c := a.current(e)
	if c == nil || !c.sent || !f.reaches(a, e.server) {
		return
	}
	if f.leader < 0 {
		e.kind = evNoLeader
		f.in(noLeaderHold, e)
		return
	}
	c.on = false
	a.links[e.server].heard = f.now
	a.dials.Served(f.servers[e.server].Addr)
	f.noteBeat(a)
	f.proven(a, e.server)
	f.tell(a, messages.HeartbeatUpdate{
		Servers: f.heartbeats(a), NumNodes: f.cfg.Nodes, LeaderRPCAddr: f.servers[f.leader].Addr,
		TTL: a.ttl, From: f.servers[e.server].Server,
	})
	a.beat++
	a.due = f.now + a.ttl
	f.in(a.ttl, event{agent: a.id, kind: evBeat, gen: a.beat})
}

// refusedNoLeader takes the refusal of a server without a leader.
func (f *Fleet) refusedNoLeader(a *agent, e event) {
	c := a.current(e)
	switch {
	case c == nil || !c.sent || !f.reaches(a, e.server):
		return
	case f.hasLeader(e.server):
		f.answered(a, e) // there is one by now
		return
	}
	a.links[e.server].heard = f.now
	f.tell(a, messages.FailureNotice{Server: f.servers[e.server].Server, Epoch: a.view.Epoch(), Err: errNoLeader, NoQuorum: true})
	f.fails(a, int(e.call), attempt.Failure{Kind: attempt.Leaderless, Outcome: attempt.Rejected})
}
