package fleet

import (
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// dial begins a dial.
func (f *Fleet) dial(a *agent, e poolcore.Dial) {
	n, id := f.number[e.Addr], uint32(e.Session)
	_, proof := e.Proof.(knowsLeader)
	d := reach{session: id, server: n, accepted: f.accepts(a, n), proof: proof, began: f.now}
	limit := e.Limits.Whole
	if !d.accepted {
		limit = e.Limits.Connect
	}
	how, after := f.connect(a, n, limit)
	a.dials = append(a.dials, d)
	f.in(after, event{agent: a.id, server: n, kind: evDialed, arg: how, gen: id})
	if after > poolcore.DialTimeout {
		f.in(poolcore.DialTimeout, event{agent: a.id, server: n, kind: evLate, gen: id})
	}
}

// accepts reports whether a's connections to a server are accepted: by the kernel of a
// host that is frozen, too, or by a balancer.
func (f *Fleet) accepts(a *agent, n int16) bool {
	return f.cluster.Accepts(a.id, n)
}

// late answers those that wait for a dial: it was not answered in their time.
func (f *Fleet) late(a *agent, e event) {
	for _, d := range a.dials {
		if d.session == e.gen {
			f.tellPool(a, poolcore.DialLate{Addr: f.servers[d.server].Addr, Session: uint64(e.gen), Err: errSilent})
			return
		}
	}
}

// dialed takes the end of a dial.
func (f *Fleet) dialed(a *agent, e event) {
	d, is := a.takeDial(e.gen)
	switch {
	case !is:
	case e.arg == made && f.reaches(a, d.server):
		f.count(f.servers[d.server].handshakes)
		if d.proof {
			f.prove(a, d)
			return
		}
		f.dialEnds(a, d, nil)
	case e.arg == timedOut || f.accepts(a, d.server):
		f.dialEnds(a, d, errSilent)
	default:
		f.dialEnds(a, d, errRefused)
	}
}

// dialEnds tells the pool how a dial has ended.
func (f *Fleet) dialEnds(a *agent, d reach, err error) {
	if err == nil {
		f.established(a, d.server, d.session)
	}
	f.tellPool(a, poolcore.Dialed{Addr: f.servers[d.server].Addr, Session: uint64(d.session), Err: err})
	if err != nil {
		f.cfg.spoil.forgets(f, a, d.server)
		f.cfg.spoil.again(f, a, d.server)
	}
}

// prove asks on a new session for the leader, for as long as a round may take.
func (f *Fleet) prove(a *agent, d reach) {
	after, answered := f.serve(a, d.server, askBeat)
	if !answered || !f.hasLeader(d.server) {
		after = roster.ProbeTimeout
	}
	a.dials = append(a.dials, d)
	f.in(after, event{agent: a.id, kind: evProved, gen: d.session})
}

// proved takes the answer.
func (f *Fleet) proved(a *agent, e event) {
	d, is := a.takeDial(e.gen)
	switch {
	case !is:
	case f.serves(a, d.server) && f.hasLeader(d.server):
		f.dialEnds(a, d, nil)
	default:
		f.dialEnds(a, d, errNoLeader)
	}
}
