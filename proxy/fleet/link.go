package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// What the pool's configuration is by default.
const (
	dialLimit   = 2 * time.Second
	idleLimit   = 2 * time.Minute
	drainLimit  = 30 * time.Second
	silentAfter = time.Second     // a call that waits for so long is overdue
	pingLimit   = 2 * time.Second // a ping must be answered within it
)

// serverPing is the interval at which servers ping their sessions (yamux's
// keepalive in Nomad 2.0.6, nomad/rpc.go).
const serverPing = 30 * time.Second

// up reports whether a has a session with a server.
func (f *Fleet) up(a *agent, n int16) bool {
	l := &a.links[n]
	if l.up && l.ends > 0 && l.ends <= f.now && !a.holds(n) {
		l.up = false
	}
	return l.up
}

// move has n carry a's calls, -1 none. The blocking query is made again there, and the
// session with the former one ends a while after its last use.
func (f *Fleet) move(a *agent, n int16) {
	before := a.front
	if n == before {
		return
	}
	a.front = n
	if before >= 0 {
		f.servers[before].active--
		f.count(f.moves)
		a.links[before].ends = f.now + drainLimit
		if a.met > 0 && !f.reaches(a, before) {
			f.left = append(f.left, f.now-a.met)
		}
		a.met = 0
	}
	if n < 0 {
		return
	}
	f.servers[n].active++
	a.links[n].ends = 0
	if c := &a.calls[watch]; c.on && c.sent && c.server != n {
		f.in(0, event{agent: a.id, kind: evMoved, call: watch, gen: c.gen})
	}
}

// moved makes the blocking query on the server that is in front by now.
func (f *Fleet) moved(a *agent, e event) {
	if c := a.current(e); c != nil && c.sent && c.server != a.front {
		c.Moved(f.clock())
		f.next(a, watch)
	}
}

// broke ends a session with the calls on it.
func (f *Fleet) broke(a *agent, n int16, err error) {
	var lost [len(a.calls)]bool
	for i := range a.calls {
		c := &a.calls[i]
		lost[i] = c.on && c.sent && c.server == n
	}
	a.links[n].up = false
	a.dials.Ended(f.clock(), f.servers[n].Addr, uint64(a.links[n].number), err, a.connected())
	f.tell(a, messages.FailureNotice{Server: f.servers[n].Server, Epoch: a.view.Epoch(), Err: err})
	for i, is := range lost {
		if is {
			f.fails(a, i, attempt.Failure{
				Kind: attempt.Lost, Outcome: attempt.MaybeExecuted, Broke: err != errSilent, Silent: err == errSilent, //nolint:errorlint // it is this package's own
			})
		}
	}
}
