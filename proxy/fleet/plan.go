package fleet

import (
	"cmp"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

// The usual start of a fleet, which is at rest when the warm-up ends.
const (
	usualWarm  = script.DefaultWarm
	usualStart = 6 * time.Minute
)

// configOf is the configuration of a plan. A plan speaks of the whole fleet, a
// configuration of the sample that is simulated.
func configOf(p *script.Plan) Config {
	s := sampling{clients: p.Clients.Count, simulated: cmp.Or(p.Clients.As, p.Clients.Count)}
	c := Config{
		Agents: s.simulated, Nodes: s.clients, Servers: p.Servers.Count, Begin: p.Present,
		Handshakes: s.part(p.Servers.Handshakes), Backlog: s.part(p.Servers.Backlog), Conns: s.part(p.Servers.Connections),
		ConnsPerClient: s.part(p.Servers.PerAddress), PerAddress: s.part(p.NAT), ServiceTime: s.slower(p.Servers.Service),
		RTT: p.Servers.RTT, Balancer: p.Balancer, TTL: p.TTL, Forget: p.Forget, For: p.For, Seed: uint64(cmp.Or(p.Seed, 1)),
		Warm: usualWarm,
	}
	if p.Warm != nil {
		c.Warm = max(time.Duration(*p.Warm), time.Nanosecond) // zero is the default
	}
	c.Start = cmp.Or(min(usualStart, c.Warm/2), time.Minute)
	if p.Start != nil {
		c.Start = max(time.Duration(*p.Start), time.Nanosecond)
	}
	if p.Zones != nil {
		c.Zones, c.RTTs = p.Zones.Count, p.Zones.RTTs
	}
	c.RTT, c.RTTs = classes(p.RTT, c.RTT, c.RTTs)
	if h := p.Heartbeats; h != nil {
		c.Heartbeats, c.NoBeats = h.Rate, h.Rate == 0
	}
	if d := p.DNS; d != nil {
		c.Names, c.ResolverTime, c.ResolverRate = true, d.Takes, s.part(d.Answers)
	}
	if d := p.Discovery; d != nil {
		c.Discovery, c.ConsulTime, c.ConsulRate = true, d.Takes, s.part(d.Answers)
	}
	for _, e := range p.Events {
		c.Faults = append(c.Faults, Fault{At: e.At, Do: faultOf(e)})
	}
	return c
}

// sampling is how many of the clients are simulated.
type sampling struct{ clients, simulated int }

// part is the sample's part of what there is for the fleet; at least 1 if there is any.
func (s sampling) part(n int) int {
	if n == 0 {
		return 0
	}
	return max((n*s.simulated+s.clients/2)/s.clients, 1)
}

// slower is the time in which a server does for the sample what it does in d for the
// fleet: it has the less time for each.
func (s sampling) slower(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(s.clients) / float64(s.simulated))
}

// classes are the round trip times of classes of agents, as a Config has them: by turns, so
// that a hundred of them make percents.
func classes(lines []script.RTT, usual time.Duration, others []time.Duration) (time.Duration, []time.Duration) {
	shares := 0
	for _, r := range lines {
		if r.Percent == 0 {
			usual = r.Time
		} else {
			shares += r.Percent
		}
	}
	if shares == 0 {
		return usual, others
	}
	rest := cmp.Or(usual, time.Millisecond)
	all := make([]time.Duration, 100)
	for i := range all {
		all[i] = rest
		left := i
		for _, r := range lines {
			if left >= 0 && left < r.Percent {
				all[i] = r.Time
			}
			left -= r.Percent
		}
	}
	return usual, all
}

// faultOf does an event.
func faultOf(e script.Timed) func(*Fleet) {
	each := func(do func(f *Fleet, n int)) func(*Fleet) {
		return func(f *Fleet) {
			for _, n := range e.On {
				do(f, n-1)
			}
		}
	}
	switch e.Do {
	case "kill", "minority":
		return each((*Fleet).Kill)
	case "start":
		return each((*Fleet).Begin)
	case "freeze":
		return each((*Fleet).Freeze)
	case "thaw":
		return each((*Fleet).Thaw)
	case "hang":
		return each((*Fleet).Hang)
	case "unhang":
		return each((*Fleet).Unhang)
	case "cut":
		return each(func(f *Fleet, n int) { f.Cut(n, e.Percent) })
	case "heal":
		return each(func(f *Fleet, n int) { f.Cut(n, 0) })
	case "slow":
		return each(func(f *Fleet, n int) { f.Slow(n, e.Time) })
	case "leaderless", "led":
		return each(func(f *Fleet, n int) { f.Leaderless(n, e.Do == "leaderless") })
	case "name", "unname":
		return each(func(f *Fleet, n int) { f.Name(n, e.Do == "name") })
	case "join":
		return each((*Fleet).Join)
	case "leave":
		return each((*Fleet).Leave)
	case "dns fails", "dns answers":
		return func(f *Fleet) { f.DNSDown(e.Do == "dns fails") }
	default: // discovery fails, discovery answers
		return func(f *Fleet) { f.ConsulDown(e.Do == "discovery fails") }
	}
}
