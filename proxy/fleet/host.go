package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/cluster"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// host runs the cluster: it is what the cluster knows of the agents.
type host struct{ *Fleet }

// furnish prepares the cluster of a run.
func (f *Fleet) furnish() {
	f.cluster = f.newCluster()
	for i := range f.servers {
		c := f.cluster.Counts(i)
		f.servers[i].bins = bins{
			dials: c.Dials, failed: c.Failed, refused: c.Refused, handshakes: new(count.Counter), beats: new(count.Counter),
		}
	}
	if f.cfg.Balancer {
		f.known = f.known[:1]
	}
}

// newCluster makes the cluster of a run.
func (f *Fleet) newCluster() *cluster.Cluster {
	c := &f.cfg
	return cluster.New(cluster.Config{
		Agents: c.Agents, Servers: c.Servers, Begin: c.Begin, Warm: c.Warm,
		RTT: c.RTT, Zones: c.Zones, RTTs: c.RTTs, Forget: c.Forget,
		Handshakes: c.Handshakes, Backlog: c.Backlog, Conns: c.Conns, ConnsPerClient: c.ConnsPerClient, PerAddress: c.PerAddress,
		ServiceTime: c.ServiceTime, Workers: c.Workers, Balancer: c.Balancer,
		Names: c.Names, ResolverTime: c.ResolverTime, ResolverRate: c.ResolverRate, ConsulTime: c.ConsulTime, ConsulRate: c.ConsulRate,
	}, host{f}, rand.New(rand.NewPCG(c.Seed, 99)), f.lookups, f.discoveries)
}

// Clock is the time since the beginning of the warm-up.
func (h host) Clock() time.Duration { return h.now }

// Count adds one to c, unless it is still the warm-up.
func (h host) Count(c *count.Counter) { h.count(c) }

// Later gives e back to the cluster at a time.
func (h host) Later(at time.Duration, e cluster.Event) {
	of := event{at: at, agent: world, kind: evSyn, arg: e.At, gen: e.Serial}
	if e.Forget {
		of.kind = evForget
	}
	h.queue.push(of)
}

// Ended ends a dial that was kept.
func (h host) Ended(kept, how uint32, after time.Duration) {
	e := h.kept[kept]
	e.arg = how
	h.in(after, e)
}

// Broken breaks the sessions with a server that it had when its process ended, of the agents
// that hear of that.
func (h host) Broken(n int16) {
	at := h.cluster.Address(n)
	for i := range h.agents {
		a := &h.agents[i]
		if h.cluster.Behind(a.id, at) == n && h.cluster.Hears(a.id, n) {
			h.breaks(a, at, h.cluster.Died(n))
			h.cluster.LeadTo(a.id, -1)
		}
	}
}

// Changed has the agents notice that the servers behind an address may answer less, or more.
func (h host) Changed(address int16) { h.quiet(address) }

// Open is how many sessions an agent has with an address.
func (h host) Open(agent int32, address int16) int { return h.open(&h.agents[agent], address) }

// happens does one of the cluster's own events.
func (f *Fleet) happens(e event) {
	f.cluster.Happens(cluster.Event{Forget: e.kind == evForget, At: e.arg, Serial: e.gen})
}
