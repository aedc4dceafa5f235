package fleet

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// corroborateStagger is the time after which the next corroborator is asked too.
const corroborateStagger = 250 * time.Millisecond

// probe pings a candidate of a round.
func (f *Fleet) probe(a *agent, p roster.Probe) {
	n := f.number[p.Server.Addr]
	if !slices.ContainsFunc(a.asked, func(x asked) bool { return x.suspect < 0 && x.round == p.Round }) {
		f.noteRound(a)
	}
	a.asked = append(a.asked, asked{server: n, round: p.Round, suspect: -1})
	f.ping(a, n)
}

// askCorroborators has servers pinged that may corroborate that one is silent.
func (f *Fleet) askCorroborators(a *agent, w roster.Corroborate) {
	for i, other := range w.Others {
		n := f.number[other.Addr]
		a.asked = append(a.asked, asked{server: n, suspect: f.number[w.Suspect.Addr], epoch: w.Epoch})
		f.in(time.Duration(i)*corroborateStagger, event{agent: a.id, kind: evCorroborate, server: n})
	}
}

// corroborate pings the next one, if none has answered yet.
func (f *Fleet) corroborate(a *agent, e event) {
	if slices.ContainsFunc(a.asked, func(x asked) bool { return x.suspect >= 0 && x.server == e.server }) {
		f.ping(a, e.server)
	}
}

// ping asks a server for a sign of life, over a session that is dialed if there is none.
func (f *Fleet) ping(a *agent, n int16) {
	if !f.up(a, n) {
		if err := f.dial(a, n); err != nil {
			f.in(0, event{agent: a.id, kind: evPinged, server: n, arg: refused})
		}
		return
	}
	if f.reaches(a, n) {
		f.in(f.rtt(a, n), event{agent: a.id, kind: evPinged, server: n, arg: made})
	}
}

// pinged reports the end of a ping of a server.
func (f *Fleet) pinged(a *agent, n int16, ok bool) {
	var done []asked
	a.forget(func(x asked) bool {
		if x.server == n {
			done = append(done, x)
		}
		return x.server == n
	})
	srv := f.servers[n].Server
	for _, x := range done {
		switch {
		case x.suspect >= 0 && ok:
			a.links[x.suspect].backed = true
			a.forget(func(y asked) bool { return y.suspect == x.suspect })
			f.tell(a, messages.Recovered{Server: srv, Epoch: x.epoch})
		case x.suspect >= 0:
			f.tell(a, messages.FailureNotice{Server: srv, Epoch: x.epoch, Err: errRefused})
		case ok:
			f.tell(a, messages.ProbeDone{Round: x.round, Server: srv})
		default:
			f.tell(a, messages.ProbeDone{Round: x.round, Server: srv, Err: errRefused})
		}
	}
}
