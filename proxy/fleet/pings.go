package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// probe pings a candidate of a round.
func (f *Fleet) probe(a *agent, p roster.Probe) {
	began := false
	for i := range a.pings {
		began = began || a.pings[i].kind == probe && a.pings[i].round == p.Round
	}
	if !began {
		f.noteRound(a)
	}
	f.ping(a, ping{
		wait: wait{server: f.number[p.Server.Addr], limit: p.Until.Sub(f.base)}, kind: probe, round: p.Round,
	})
}

// corroborate has servers pinged that may corroborate that one is silent.
func (f *Fleet) corroborate(a *agent, w roster.Corroborate) {
	look := a.number()
	for i, other := range w.Others {
		p := ping{
			wait: wait{server: f.number[other.Addr], limit: f.now + w.Limit}, kind: voice,
			suspect: f.number[w.Suspect.Addr], look: look, epoch: w.Epoch,
		}
		if i == 0 {
			f.ping(a, p)
			continue
		}
		p.gen = a.number()
		a.pings = append(a.pings, p)
		f.in(time.Duration(i)*w.Stagger, event{agent: a.id, kind: evVoice, gen: p.gen})
	}
}

// askItself asks a session for the pool whether its server answers calls.
func (f *Fleet) askItself(a *agent, id uint32) {
	if s := a.session(id); s != nil {
		f.ping(a, ping{wait: wait{server: s.server, session: id, limit: f.now + 2*poolcore.PingTimeout, quiet: true}, kind: asking})
	}
}

// speak pings the next corroborator, if none has answered yet.
func (f *Fleet) speak(a *agent, gen uint32) {
	for i := range a.pings {
		if p := a.pings[i]; p.gen == gen && p.state == idle {
			a.dropPing(i)
			f.ping(a, p)
			return
		}
	}
}

// ping sends one, on a session that there is or that is asked for.
func (f *Fleet) ping(a *agent, p ping) {
	if p.gen == 0 {
		p.gen = a.number()
	}
	s := a.find(p.server)
	if p.kind == asking {
		s = a.session(p.session)
	}
	p.state = dials
	a.pings = append(a.pings, p)
	at := len(a.pings) - 1
	if s != nil {
		f.sendPing(a, at, s)
		return
	}
	if w := &a.pings[at].wait; w.limit < f.now+poolcore.DialTimeout {
		f.lookAt(a, w, w.limit)
	}
	f.connectTo(a, int(p.kind), p.server, poolcore.Connect{Probe: true})
}

// sendPing sends one on a session.
func (f *Fleet) sendPing(a *agent, at int, s *session) {
	w := &a.pings[at].wait
	f.ride(a, w, s)
	f.asks(a, firstPing, w, askStatus)
}

// pingsConnected sends the pings that waited for a session with a server, or ends them.
func (f *Fleet) pingsConnected(a *agent, kind int, n int16, err error) {
	for {
		i := 0
		for i < len(a.pings) && !(int(a.pings[i].kind) == kind && a.pings[i].state == dials && a.pings[i].server == n) {
			i++
		}
		if i == len(a.pings) {
			return
		}
		switch s := a.find(n); {
		case err != nil:
			f.pinged(a, a.pings[i].gen, err)
		case s == nil: // it was short-lived
			f.pinged(a, a.pings[i].gen, errBroke)
		default:
			f.sendPing(a, i, s)
		}
	}
}

// endPings ends the pings whose answers are not waited for any more.
func (f *Fleet) endPings(a *agent, which func(*ping) bool) {
	for i := 0; i < len(a.pings); {
		p := &a.pings[i]
		if !which(p) {
			i++
			continue
		}
		state, kind, n := p.state, p.kind, p.server
		if state == sent {
			f.leftUnanswered(a, firstPing, &p.wait)
			f.leave(a, &p.wait)
		}
		a.dropPing(i)
		if state == dials {
			f.withdraw(a, int(kind), n)
		}
	}
}

// pinged reports the end of a ping.
func (f *Fleet) pinged(a *agent, gen uint32, err error) {
	for i := range a.pings {
		if a.pings[i].gen != gen {
			continue
		}
		if err == nil {
			f.heardFrom(a, &a.pings[i].wait)
		}
		p := a.pings[i]
		id := p.session
		f.leave(a, &p.wait)
		a.dropPing(i)
		f.pingEnded(a, &p, id, err)
		return
	}
}

// pingEnded tells whoever wanted it.
func (f *Fleet) pingEnded(a *agent, p *ping, session uint32, err error) {
	srv := f.servers[p.server].Server
	switch {
	case p.kind == asking:
		f.tellPool(a, poolcore.Served{Addr: srv.Addr, Session: uint64(session), Err: err})
	case p.kind == probe:
		f.tell(a, messages.ProbeDone{Round: p.round, Server: srv, Err: err})
	case err == nil:
		f.endPings(a, func(q *ping) bool { return q.kind == voice && q.look == p.look })
		f.tellPool(a, poolcore.Corroborated{Addr: f.servers[p.suspect].Addr})
		f.tell(a, messages.Recovered{Server: srv, Epoch: p.epoch})
	case f.now < p.limit:
		f.tell(a, messages.FailureNotice{Server: srv, Epoch: p.epoch, Err: err})
	}
}

// yamuxPing asks a session for a sign of life.
func (f *Fleet) yamuxPing(a *agent, id uint32) {
	s := a.session(id)
	if s == nil {
		return
	}
	s.pinged = true
	if after, answered := f.serve(a, s.server, askSign); answered {
		f.in(after, event{agent: a.id, kind: evPong, gen: id})
	}
}

// pong takes the answer.
func (f *Fleet) pong(a *agent, id uint32) {
	s := a.session(id)
	if s == nil || !s.pinged || !f.reaches(a, s.server) {
		return
	}
	s.pinged, s.heard = false, f.now
	f.tellPool(a, poolcore.Pinged{Session: uint64(id)})
}
