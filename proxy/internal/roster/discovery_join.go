package roster

import (
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// noteReached records that a server has answered since the start.
func (r *Roster) noteReached() {
	d := &r.discovery
	if d.served {
		return
	}
	for e := range r.list.all() {
		d.served = d.served || e.works()
	}
	d.reached = d.reached || d.served
}

// wantsDiscovery reports whether servers should be looked for: something asked for
// it, the agent is an orphan, or there is no server at all.
func (r *Roster) wantsDiscovery() bool {
	return !r.shared.cfg.NoDiscovery && (r.discovery.reasons != 0 || r.quorum.orphaned() || r.list.len() == 0)
}

// discoveryDeadline is when the next run is to begin; zero: none is wanted.
func (r *Roster) discoveryDeadline() moment.Time {
	if !r.wantsDiscovery() {
		return 0
	}
	return r.discovery.earliest
}

// discovered takes the result of a run. Found servers join as backups; if there
// is no server, or the agent is an orphan, they join as primaries. Bad addresses
// are skipped. A run that found nothing is repeated as long as it is wanted.
func (r *Roster) discovered(now moment.Time, m messages.DiscoveryDone) {
	d := &r.discovery
	if !d.finish(m.Run) {
		return
	}
	if m.Err != nil {
		r.shared.box.log(Log{Level: d.level(), Message: "discovery failed", Err: m.Err, Fields: Fields{Run: m.Run}})
		d.failed = true
	}
	if len(m.Found) == 0 && m.Err != nil {
		d.hurry(now, r.list.len() == 0, r.rng)
		return
	}
	d.reasons, d.failed = 0, m.Err != nil
	joined, usable := r.join(now, m)
	if d.reached = d.reached || usable > 0; !d.reached {
		d.hurry(now, r.list.len() == 0, r.rng)
	}
	level := Info
	if joined == 0 {
		level = Debug
	}
	r.shared.box.log(Log{Level: level, Message: "discovery ended", Fields: Fields{Run: m.Run, Servers: joined}})
}

// join lists what a run found, and answers how many servers are new and how many
// addresses could be used. What an earlier run found, and this one did not, leaves
// unless it answered: an outage that lasts must not pile up what discovery finds.
func (r *Roster) join(now moment.Time, m messages.DiscoveryDone) (joined, usable int) {
	asPrimary := r.quorum.orphaned() || r.list.len() == 0
	before := r.list.len()
	found := m.Found
	if len(found) > maxFound {
		r.warn(now, "discovery found too many servers: the first are taken", messages.Server{}, nil)
		found = found[:maxFound]
	}
	for _, f := range found {
		server, err := ParseForeign(f.Addr, r.configured)
		if err != nil {
			r.warn(now, "discovery found a bad address: skipped", messages.Server{Addr: f.Addr}, err)
			continue
		}
		usable++
		isNew := r.list.find(server.Addr) == nil
		e := r.list.add(server, f.Source, asPrimary)
		e.found, e.named = e.found || isNew, true
	}
	joined = r.list.len() - before
	if active := r.list.active(); joined > 0 {
		r.list.discard(func(e *entry) bool { return e.found && !e.named && !e.works() && e != active })
	}
	r.list.forgetNames()
	return joined, usable
}

// maxFound bounds what one run may add.
const maxFound = 256
