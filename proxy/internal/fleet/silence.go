package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
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
		if f.cfg.Stock || !a.holds(n) {
			continue // stock's keepalive runs anyway
		}
		heard := max(l.heard, l.since+(f.now-l.since)/serverPing*serverPing)
		f.queue.push(event{at: max(heard+f.patience(a), f.now), agent: a.id, kind: evSuspect, server: n})
	}
}

// overdue has a session be suspect a while after a call that is not answered.
func (f *Fleet) overdue(a *agent, n int16) {
	if l := &a.links[n]; !l.doubted {
		l.doubted = true
		f.in(silentAfter, event{agent: a.id, kind: evSuspect, server: n})
	}
}

// suspect pings a session on which nothing came in, and looks for a witness.
func (f *Fleet) suspect(a *agent, n int16) {
	l := &a.links[n]
	if !l.up || f.reaches(a, n) {
		l.doubted = false
		return
	}
	l.doubted = true
	f.tell(a, messages.Suspected{Addr: f.servers[n].Addr})
	f.in(pingLimit, event{agent: a.id, kind: evUnanswered, server: n})
}

// unanswered gives a silent session up if another server has answered.
func (f *Fleet) unanswered(a *agent, n int16) {
	l := &a.links[n]
	switch {
	case !l.up || f.reaches(a, n):
		l.doubted = false
	case !l.backed:
		f.in(silentAfter, event{agent: a.id, kind: evSuspect, server: n})
	default:
		l.doubted, l.backed = false, false
		f.broke(a, n, errSilent)
	}
}

// patience is how long a session with a call on it may be without a sign of life.
func (f *Fleet) patience(a *agent) time.Duration {
	return min(keepalive(a.ttl, a.view.NumNodes(), a.view.Len()), 45*time.Second)
}

func keepalive(ttl time.Duration, nodes, servers int) time.Duration {
	fleet := time.Duration(nodes) * time.Second / time.Duration(16*max(servers, 1))
	return max(30*time.Second, 2*ttl, fleet)
}
