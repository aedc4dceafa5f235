package fleet

import "time"

// Kill ends a server's process: its sessions break at once.
func (f *Fleet) Kill(n int) {
	s := &f.servers[n]
	s.up, s.free, s.busy = false, f.now, f.now
	f.dropParked(s)
	f.away(n)
	at := f.address(int16(n))
	for i := range f.agents {
		a := &f.agents[i]
		if f.behind(a, at) != int16(n) {
			continue
		}
		f.breaks(a, at)
		f.leadTo(a, -1)
	}
	f.vote()
}

// Begin starts the process of a server.
func (f *Fleet) Begin(n int) {
	s := &f.servers[n]
	s.up, s.frozen, s.hung, s.voter = true, false, false, true
	f.takeParked(s)
	f.returned(n)
}

// Join has a server start that was not one of the cluster's.
func (f *Fleet) Join(n int) { f.Begin(n) }

// Leave has a server leave the cluster: it is named no longer, then its process ends.
func (f *Fleet) Leave(n int) {
	f.servers[n].voter = false
	f.Name(n, false)
	f.Kill(n)
}

// BeginAll starts every server that is down.
func (f *Fleet) BeginAll() {
	for n := range f.servers {
		if !f.servers[n].up {
			f.Begin(n)
		}
	}
}

// KillAll ends all servers.
func (f *Fleet) KillAll() {
	for n := range f.servers {
		f.Kill(n)
	}
}

// Minority has as many servers die as it takes for those that are left to be no
// majority: they have no leader. The last ones die.
func (f *Fleet) Minority() {
	voters, up := 0, 0
	for n := range f.servers {
		if f.servers[n].voter {
			voters++
			if f.servers[n].up {
				up++
			}
		}
	}
	for n := len(f.servers) - 1; n >= 0 && 2*up > voters; n-- {
		if s := &f.servers[n]; s.voter && s.up {
			f.Kill(n)
			up--
		}
	}
}

// Freeze makes a server silent: connections stay, nothing is answered.
func (f *Fleet) Freeze(n int) {
	f.servers[n].frozen = true
	f.away(n)
	f.quiet(f.address(int16(n)))
	f.vote()
}

// Thaw ends what Freeze began.
func (f *Fleet) Thaw(n int) {
	s := &f.servers[n]
	s.frozen = false
	f.takeParked(s)
	if s.up {
		f.returned(n)
	}
}

// Hang has a server's handlers answer nothing; handshakes and pings are answered. It
// leads on if it leads.
func (f *Fleet) Hang(n int) {
	f.servers[n].hung = true
	f.quiet(f.address(int16(n)))
}

// Unhang ends what Hang began.
func (f *Fleet) Unhang(n int) {
	f.servers[n].hung = false
	f.quiet(f.address(int16(n)))
}

// Cut makes a server silent for so many percent of the agents: chance chooses them, for
// each server anew. 0 ends it.
func (f *Fleet) Cut(n, percent int) { f.cutFor(n, cut{percent: percent}) }

// CutFrom makes a server silent for so many percent of the agents, beginning with the
// percentile first, 0 to 99: so cuts of several servers are for the same agents, or for others.
func (f *Fleet) CutFrom(n, percent, first int) {
	f.cutFor(n, cut{percent: percent, first: first, shared: true})
}

func (f *Fleet) cutFor(n int, c cut) {
	s := &f.servers[n]
	s.cut, s.gone = c, f.now
	f.quiet(f.address(int16(n)))
}

// Slow has a server's answers take so much longer; 0: no longer.
func (f *Fleet) Slow(n int, by time.Duration) { f.servers[n].slow = by }

// Name has heartbeats name a server, or no longer name it. Those behind a balancer are not
// named.
func (f *Fleet) Name(n int, named bool) {
	if !f.cfg.Balancer {
		f.servers[n].named = named
	}
}

// Leaderless has a server know no leader, or know it again.
func (f *Fleet) Leaderless(n int, is bool) {
	f.servers[n].leaderless = is
	f.vote()
}

// away notes that a server died or fell silent.
func (f *Fleet) away(n int) {
	f.servers[n].gone = f.now
	if f.cfg.Forget > 0 {
		f.in(f.cfg.Forget, event{agent: world, kind: evForget, arg: uint32(n)})
	}
}

// forgets has heartbeats name a server no longer that is away for long enough.
func (f *Fleet) forgets(n int) {
	if s := &f.servers[n]; (!s.up || s.frozen) && f.now >= s.gone+f.cfg.Forget {
		f.Name(n, false)
	}
}

// returned notes that a server is there again.
func (f *Fleet) returned(n int) {
	f.Name(n, true)
	f.quiet(f.address(int16(n)))
	f.vote()
}
