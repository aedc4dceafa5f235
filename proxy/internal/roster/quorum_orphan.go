package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// expireQuorum does what is due about the quorum.
func (r *Roster) expireQuorum(now moment.Time) {
	if r.quorum.expireDenials(now) {
		r.discovery.answered(denied)
	}
	if due(r.quorum.expiry(), now) {
		r.orphan()
	}
}

// restoreIfNoneAlive lists the seeds again at once when every server has failed, whatever
// led to it, until a server that the heartbeat named answers. Seeds that were removed by
// hand stay away.
func (r *Roster) restoreIfNoneAlive() {
	if r.quorum.silent || r.list.len() == 0 || r.list.served() {
		return
	}
	r.quorum.silent = true
	r.restoreSeeds(true)
}

// orphan makes an orphan of an agent that no leader has been named to for too
// long: the seeds, all of them, are eligible again.
func (r *Roster) orphan() {
	r.quorum.expired = true
	for i := range r.seeds {
		r.seeds[i].withdrawn = false
	}
	r.restoreSeeds(false)
}

// deny follows a notice that a server knows no leader: if no server is left that
// may know one, servers are looked for, at once, whatever heartbeats say.
func (r *Roster) deny(now moment.Time) {
	if e := r.list.active(); e == nil || e.health != messages.Leaderless {
		return
	}
	r.reconnect(now, r.list.active())
	r.discovery.ask(denied)
	if r.quorum.denies(now) && !r.quorum.expired {
		r.orphan()
	}
}

// maxAdded bounds the seeds that are added one by one: of an agent that adds its
// servers' changing addresses all its life, the last ones stay.
const maxAdded = 64

// addSeed makes a server that was added by hand a seed.
func (r *Roster) addSeed(e *entry) {
	for i := range r.seeds {
		if r.seeds[i].key == e.key {
			r.seeds[i].withdrawn = false
			return
		}
	}
	added := 0
	for _, seed := range r.seeds {
		if seed.added {
			added++
		}
	}
	if added >= maxAdded {
		oldest := slices.IndexFunc(r.seeds, func(seed seed) bool { return seed.added })
		r.seeds = slices.Delete(r.seeds, oldest, oldest+1)
	}
	r.seeds = append(r.seeds, seed{about: r.list.known.about(seedOf(e, messages.SourceManual)), added: true})
}

// dropSeed records that a server was removed by hand. One that was added by hand
// is forgotten.
func (r *Roster) dropSeed(addr string) {
	r.seeds = slices.DeleteFunc(r.seeds, func(seed seed) bool { return seed.added && seed.key == keyOf(addr) })
	for i := range r.seeds {
		if r.seeds[i].key == keyOf(addr) {
			r.seeds[i].withdrawn = true
		}
	}
}

// restoreSeeds adds the seeds to the primaries, except those that are withdrawn:
// as retained ones, or to stay.
func (r *Roster) restoreSeeds(retained bool) {
	joins := r.list.joins
	for _, seed := range r.seeds {
		if seed.withdrawn {
			continue
		}
		e := r.list.find(seed.server.Addr)
		if e == nil || r.list.isBackup(e) {
			e = r.list.addPrimary(seed.server, seed.source)
			e.retained, e.joined = retained, false
		}
		e.found = false
	}
	r.list.joins = joins // the cluster has not grown
}

// seededBy reports whether servers are the seeds.
func (r *Roster) seededBy(servers []messages.Server) bool {
	is := func(s messages.Server) func(seed) bool {
		return func(seed seed) bool { return seed.key == s.Key() && !seed.withdrawn }
	}
	distinct := 0
	for i, s := range servers {
		if !slices.ContainsFunc(r.seeds, is(s)) {
			return false
		}
		if !slices.ContainsFunc(servers[:i], func(o messages.Server) bool { return o.Key() == s.Key() }) {
			distinct++
		}
	}
	return distinct == len(r.seeds)
}

// An active server that stays leaderless is connected to anew, for its address may lead
// to another server by now: a name that has moved, a balancer with a better backend. An
// election takes a few seconds and must cause none of that; a fleet whose cluster is
// without a leader must not come to its servers in step.
const (
	reconnectAfter = 20 * time.Second // from the first denial to the earliest connection
	reconnectPause = 10 * time.Second // the least spread of the first one, and the pause behind it, which doubles
	reconnectMost  = 5 * time.Minute  // what the pause grows to
	denialGap      = 45 * time.Second // denials with a longer gap between them are not one row
)

// reconnect records a denial by e, the active server, and asks for a connection
// to it when it is time. Without denials nothing is asked for: they tell that the
// server is leaderless still, and that calls need another.
func (r *Roster) reconnect(now moment.Time, e *entry) {
	d := &r.seldom().reconnecting
	if d.first.IsZero() || now.Sub(d.last) > denialGap {
		*d = reconnect{first: now}
	}
	d.last = now
	switch {
	case now.Sub(d.first) < reconnectAfter:
	case d.at.IsZero():
		d.at = now.Add(time.Duration(r.rng.Float64() * r.reconnectSpread(reconnectPause)))
	case due(d.at, now):
		pause := min(reconnectPause<<min(d.tries, 10), reconnectMost)
		d.tries++
		d.at = now.Add(time.Duration(r.reconnectSpread(pause) * (1 + float64(r.rng.Float64()/2))))
		r.shared.box.command(Reconnect{Server: e.server})
	}
}

// reconnectSpread is the time, in nanoseconds, over which the agents of a fleet spread
// their connections: d, or what the servers need to take all of them.
func (r *Roster) reconnectSpread(d time.Duration) float64 {
	scaled := r.shared.cfg.Rebalance.scaled(size{r.numNodes, max(r.list.len(), 1)})
	return max(float64(d), min(scaled, float64(longestInterval)))
}
