package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/cluster"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// in has e happen after a while.
func (f *Fleet) in(d time.Duration, e event) {
	if e.kind == evDialed && e.arg == cluster.Resent {
		f.keep(e)
		return
	}
	e.at = f.now + d
	f.queue.push(e)
}

// count adds one to c, unless it is still the warm-up.
func (f *Fleet) count(c *count.Counter) {
	if f.running() {
		c.Add(f.now - f.cfg.Warm)
	}
}

// keep has a dial of the cluster's go on, which ends with e.
func (f *Fleet) keep(e event) {
	n := int(f.cluster.Keep())
	if n == len(f.kept) {
		f.kept = append(f.kept, e)
		return
	}
	f.kept[n] = e
}

// connect is the result of a's dial to a server, limited to limit: how it ends, and after
// what time. If that is not known yet, the event evDialed that in gets comes when it is.
func (f *Fleet) connect(a *agent, n int16, limit time.Duration) (how uint32, after time.Duration) {
	return f.cluster.Dial(a.id, n, limit)
}

// reaches reports whether a server is alive for a: its handshakes and pings are answered.
func (f *Fleet) reaches(a *agent, n int16) bool { return f.cluster.Reaches(a.id, n) }

// serves reports whether a server that a reaches answers its calls too.
func (f *Fleet) serves(a *agent, n int16) bool { return f.cluster.Serves(a.id, n) }

// rtt is the round trip time between an agent and a server.
func (f *Fleet) rtt(a *agent, n int16) time.Duration { return f.cluster.RTT(a.id, n) }

// hasLeader reports whether a server knows a leader.
func (f *Fleet) hasLeader(n int16) bool { return f.cluster.HasLeader(n) }

// serve is the time after which the answer comes to a request that a sends now, and
// whether one comes. A blocking query's is when the server has taken it.
func (f *Fleet) serve(a *agent, n int16, what cluster.Request) (after time.Duration, answered bool) {
	return f.cluster.Serve(a.id, n, what)
}

// discover has an agent ask for the servers: when the answer comes, and whether one
// does; else the run fails then. It counts the run.
func (f *Fleet) discover() (after time.Duration, answered bool) { return f.cluster.Discover() }
