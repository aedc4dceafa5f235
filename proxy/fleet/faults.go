package fleet

import "time"

const (
	election = 3 * time.Second
	// failoverTTL is what a new leader gives every node (Nomad 2.0.6, failover_heartbeat_ttl).
	failoverTTL = 300 * time.Second
)

// Kill ends a server's process: its sessions break at once.
func (f *Fleet) Kill(n int) {
	s := &f.servers[n]
	s.up, s.gone, s.free = false, f.now, f.now
	f.broken(int16(n))
	f.deposed(n)
}

// Begin starts the process of a server.
func (f *Fleet) Begin(n int) {
	s := &f.servers[n]
	s.up, s.frozen, s.named = true, false, true
	if f.leader < 0 {
		f.elect(election)
	}
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

// Freeze makes a server silent: connections stay, nothing is answered.
func (f *Fleet) Freeze(n int) {
	s := &f.servers[n]
	s.frozen, s.gone = true, f.now
	f.quiet(int16(n))
	f.deposed(n)
}

// Thaw ends what Freeze began.
func (f *Fleet) Thaw(n int) {
	f.servers[n].frozen = false
	f.quiet(int16(n))
}

// Cut makes a server silent for so many percent of the agents.
func (f *Fleet) Cut(n, percent int) {
	s := &f.servers[n]
	s.cut, s.gone = percent, f.now
	f.quiet(int16(n))
}

// Name reports whether heartbeats name a server.
func (f *Fleet) Name(n int, named bool) { f.servers[n].named = named }

// Leaderless has a server know no leader, or know it again.
func (f *Fleet) Leaderless(n int, is bool) {
	f.servers[n].leaderless = is
	if is {
		f.deposed(n)
	}
}

// deposed begins an election if n leads.
func (f *Fleet) deposed(n int) {
	if f.leader == n {
		f.elect(election)
	}
}

// elect has one of the servers lead after a while that can.
func (f *Fleet) elect(after time.Duration) {
	f.leader, f.leads = -1, f.now+after
	f.grace = f.leads + failoverTTL
	var can []int
	for n := range f.servers {
		if s := &f.servers[n]; s.up && !s.frozen && !s.leaderless {
			can = append(can, n)
		}
	}
	if len(can) > 0 {
		f.leader = can[f.rng.IntN(len(can))]
	}
}
