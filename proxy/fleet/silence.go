package fleet

import (
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// quiet has the agents notice whose session falls silent with the server.
func (f *Fleet) quiet(n int16) {
	for i := range f.agents {
		a := &f.agents[i]
		l := &a.links[n]
		if !l.up || f.reaches(a, n) {
			continue
		}
		f.out(a, n)
		if f.cfg.Policy == Stock || !a.holds(n) {
			continue // stock's keepalive runs anyway
		}
		heard := max(l.heard, l.since+(f.now-l.since)/serverPing*serverPing)
		f.queue.push(event{at: max(heard+attempt.Keepalive(a.ttl, a.place), f.now), agent: a.id, kind: evSuspect, server: n})
	}
}

// out notes that the server that holds a's blocking query is gone.
func (f *Fleet) out(a *agent, n int16) {
	holds := a.holds(n)
	if f.cfg.Policy == Stock {
		holds = a.watchEnds > 0 && a.stock.watched == n
	}
	if holds && a.outSince == 0 {
		a.outSince = f.now
	}
}

// overdue has a session be suspect a while after a call that is not answered.
func (f *Fleet) overdue(a *agent, n int16) {
	if l := &a.links[n]; !l.suspected {
		l.suspected = true
		f.in(silentAfter, event{agent: a.id, kind: evSuspect, server: n})
	}
}

// suspect pings a session on which nothing came in, and asks corroborators.
func (f *Fleet) suspect(a *agent, n int16) {
	l := &a.links[n]
	if !l.up || f.reaches(a, n) {
		l.suspected = false
		return
	}
	l.suspected = true
	f.tell(a, messages.Suspected{Addr: f.servers[n].Addr})
	f.in(pingLimit, event{agent: a.id, kind: evUnanswered, server: n})
}

// unanswered gives a silent session up if another server has answered.
func (f *Fleet) unanswered(a *agent, n int16) {
	l := &a.links[n]
	switch {
	case !l.up || f.reaches(a, n):
		l.suspected = false
	case !l.backed:
		f.in(silentAfter, event{agent: a.id, kind: evSuspect, server: n})
	default:
		l.suspected, l.backed = false, false
		f.broke(a, n, errSilent)
	}
}
