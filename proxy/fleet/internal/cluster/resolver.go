package cluster

import (
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// resolverLimit is when a query is given up that is not answered.
const resolverLimit = 5 * time.Second

// resolver is a service that agents ask: DNS or Consul.
type resolver struct {
	time  time.Duration // that an answer takes
	rate  int           // answers a second, one after the other; 0: any number
	free  time.Duration // when it has worked off what it was asked
	down  bool
	asked *count.Counter
}

// ask asks a service: how long the answer takes, and whether one comes. One that takes too
// long does not.
func (c *Cluster) ask(r *resolver) (after time.Duration, answered bool) {
	c.host.Count(r.asked)
	if r.down {
		return resolverLimit, false
	}
	after = r.time
	if r.rate > 0 {
		r.free = max(r.free, c.now()) + time.Second/time.Duration(r.rate)
		after += r.free - c.now()
	}
	return min(after, resolverLimit), after <= resolverLimit
}

// Discover has an agent ask for the servers: when the answer comes, and whether one
// does; else the run fails then. It counts the run.
func (c *Cluster) Discover() (after time.Duration, answered bool) { return c.ask(&c.consul) }

// DNSDown has DNS answer nothing, or answer again. It matters if Config.Names is set.
func (c *Cluster) DNSDown(is bool) { c.dns.down = is }

// ConsulDown has discovery find nothing, or find the servers again.
func (c *Cluster) ConsulDown(is bool) { c.consul.down = is }
