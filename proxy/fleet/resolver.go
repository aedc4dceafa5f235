package fleet

import "time"

// resolverLimit is when a query is given up that is not answered.
const resolverLimit = 5 * time.Second

// ask asks a service: how long the answer takes, and whether one comes. One that takes too
// long does not.
func (f *Fleet) ask(r *resolver) (after time.Duration, answered bool) {
	f.count(r.asked)
	if r.down {
		return resolverLimit, false
	}
	after = r.time
	if r.rate > 0 {
		r.free = max(r.free, f.now) + time.Second/time.Duration(r.rate)
		after += r.free - f.now
	}
	return min(after, resolverLimit), after <= resolverLimit
}

// discover has an agent ask for the servers: when the answer comes, and whether one
// does; else the run fails then. It counts the run.
func (f *Fleet) discover() (after time.Duration, answered bool) { return f.ask(&f.consul) }

// DNSDown has DNS answer nothing, or answer again. It matters if Config.Names is set.
func (f *Fleet) DNSDown(is bool) { f.dns.down = is }

// ConsulDown has discovery find nothing, or find the servers again.
func (f *Fleet) ConsulDown(is bool) { f.consul.down = is }
