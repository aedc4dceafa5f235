package roster

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// discovery decides when discovery runs: one run at a time, and never two
// within the interval.
type discovery struct {
	interval  time.Duration
	run       uint64    // number of the last run
	running   bool      // its result has not come
	earliest  time.Time // when the next run may begin; a silent run is given up then
	notBefore time.Time // when the next run may begin once this one is over
	requested bool      // wanted since something happened, until a run succeeds
}

// begin starts a run and returns its number. The pause after it is drawn now:
// the interval and up to a quarter more.
func (d *discovery) begin(now time.Time, rng *rand.Rand) uint64 {
	d.run++
	d.running = true
	d.notBefore = now.Add(d.interval + time.Duration(float64(d.interval)/4*rng.Float64()))
	d.earliest = now.Add(2 * d.interval)
	return d.run
}

// end takes the result of a run; false if it is not the one under way.
func (d *discovery) end(run uint64) bool {
	if !d.running || run != d.run {
		return false
	}
	d.running, d.earliest = false, d.notBefore
	return true
}

// wantsDiscovery says whether servers should be looked for: something asked for
// it, the agent is an orphan, or there is no server at all.
func (r *Roster) wantsDiscovery() bool {
	return r.discovery.requested || r.quorum.orphaned() || r.list.len() == 0
}

// discoveryDeadline is when the next run is to begin; zero: none is wanted.
func (r *Roster) discoveryDeadline() time.Time {
	if !r.wantsDiscovery() {
		return time.Time{}
	}
	return r.discovery.earliest
}

// discovered takes the result of a run. Found servers join as backups; if there
// is no server, or the agent is an orphan, they join as primaries. Bad addresses
// are skipped. A failed run is repeated as long as it is wanted.
func (r *Roster) discovered(m messages.DiscoveryDone) {
	if !r.discovery.end(m.Run) {
		return
	}
	if m.Err != nil {
		r.box.command(Log{Level: Warn, Message: "discovery failed", Err: m.Err, Fields: Fields{Run: m.Run}})
		return
	}
	r.discovery.requested = false
	add := r.list.addBackup
	if r.quorum.orphaned() || r.list.len() == 0 {
		add = r.list.addPrimary
	}
	before := r.list.len()
	for _, addr := range m.Addrs {
		server, err := messages.ParseServer(addr)
		if err != nil {
			r.box.command(Log{Level: Warn, Message: "discovery found a bad address: skipped", Err: err, Fields: Fields{Run: m.Run}})
			continue
		}
		add(server)
	}
	r.box.command(Log{Level: Info, Message: "discovery ended", Fields: Fields{Run: m.Run, Servers: r.list.len() - before}})
}
