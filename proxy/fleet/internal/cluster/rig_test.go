package cluster

import (
	"cmp"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// rig runs a cluster for agents that do nothing by themselves: tests dial and ask for them.
type rig struct {
	*Cluster
	clock  time.Duration
	events []happening
	kept   map[uint32]int32 // the agents of dials that end later
	ended  map[int32]ending
	open   map[int32]int16 // the address of an agent's session
	dialed map[int32]int16 // the address that it dialed last

	lookups, discoveries count.Counter
}

// happening is an event of the cluster's, or the end of a dial.
type happening struct {
	at    time.Duration
	own   Event
	dial  bool
	agent int32
	how   uint32
}

// ending is how a dial ended, and when, since the beginning of the run.
type ending struct {
	how uint32
	at  time.Duration
}

const warm = time.Minute

func newRig(cfg Config) *rig {
	cfg.Servers = cmp.Or(cfg.Servers, 5)
	cfg.Begin = cmp.Or(cfg.Begin, cfg.Servers)
	cfg.RTT = cmp.Or(cfg.RTT, rtt)
	cfg.Workers = cmp.Or(cfg.Workers, 64)
	cfg.PerAddress = cmp.Or(cfg.PerAddress, 1)
	cfg.Warm = warm
	if len(cfg.RTTs) == 0 {
		cfg.RTTs = []time.Duration{cfg.RTT}
	}
	r := &rig{kept: map[uint32]int32{}, ended: map[int32]ending{}, open: map[int32]int16{}, dialed: map[int32]int16{}}
	r.Cluster = New(cfg, r, rand.New(rand.NewPCG(1, 1)), &r.lookups, &r.discoveries)
	r.clock = warm
	return r
}

func (r *rig) Clock() time.Duration   { return r.clock }
func (r *rig) Count(c *count.Counter) { c.Add(r.clock - warm) }
func (r *rig) Later(at time.Duration, e Event) {
	r.events = append(r.events, happening{at: at, own: e})
}
func (r *rig) Changed(int16)                           {}
func (r *rig) Ended(kept, how uint32, d time.Duration) { r.ends(r.kept[kept], how, d) }

func (r *rig) Broken(n int16) {
	for agent := range int32(r.cfg.Agents) {
		if r.Behind(agent, r.Address(n)) == n {
			r.LeadTo(agent, -1)
		}
	}
}

func (r *rig) Open(agent int32, address int16) int {
	if at, is := r.open[agent]; is && at == address {
		return 1
	}
	return 0
}

func (r *rig) ends(agent int32, how uint32, after time.Duration) {
	r.events = append(r.events, happening{at: r.clock + after, dial: true, agent: agent, how: how})
}

// dial has agents dial an address now.
func (r *rig) dial(n int16, limit time.Duration, agents ...int32) {
	for _, a := range agents {
		r.dialed[a] = n
		how, after := r.Dial(a, n, limit)
		if how == Resent {
			r.kept[r.Keep()] = a
			continue
		}
		r.ends(a, how, after)
	}
}

// until lets the time go to one since the beginning of the run.
func (r *rig) until(at time.Duration) {
	for {
		first := -1
		for i := range r.events {
			if e := &r.events[i]; e.at <= warm+at && (first < 0 || e.at < r.events[first].at) {
				first = i
			}
		}
		if first < 0 {
			r.clock = warm + at
			return
		}
		e := r.events[first]
		r.events = append(r.events[:first], r.events[first+1:]...)
		r.clock = e.at
		if !e.dial {
			r.Happens(e.own)
			continue
		}
		r.ended[e.agent] = ending{how: e.how, at: r.clock - warm}
		if e.how == Made {
			r.open[e.agent] = r.dialed[e.agent]
		}
	}
}

// pass lets a time pass.
func (r *rig) pass(d time.Duration) { r.until(r.clock - warm + d) }

// count is how many dials ended so.
func (r *rig) count(how uint32) int {
	n := 0
	for _, e := range r.ended {
		if e.how == how {
			n++
		}
	}
	return n
}

// sum is that of a count of all servers.
func (r *rig) sum(of func(Counts) *count.Counter) int {
	sum := 0
	for n := range r.servers {
		sum += of(r.Counts(n)).Sum()
	}
	return sum
}

func dials(c Counts) *count.Counter  { return c.Dials }
func failed(c Counts) *count.Counter { return c.Failed }
func atOnce(c Counts) *count.Counter { return c.Refused }

// those are the numbers from..to-1.
func those(from, to int32) []int32 {
	var all []int32
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// check fails the test unless two values are equal.
func check[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
