package fleet

import "time"

// Servers are numbered from 0.

// Kill ends a server's process: its sessions break at once.
func (f *Fleet) Kill(n int) { f.cluster.Kill(n) }

// KillAll ends all servers.
func (f *Fleet) KillAll() { f.cluster.KillAll() }

// Begin starts the process of a server, which is named.
func (f *Fleet) Begin(n int) { f.cluster.Begin(n) }

// BeginAll starts every server that is down.
func (f *Fleet) BeginAll() { f.cluster.BeginAll() }

// Join has a server start that was not one of the cluster's.
func (f *Fleet) Join(n int) { f.cluster.Begin(n) }

// Leave has a server leave the cluster: it is named no longer, then its process ends.
func (f *Fleet) Leave(n int) { f.cluster.Leave(n) }

// Freeze makes a server silent: connections stay, nothing is answered. Its kernel accepts.
func (f *Fleet) Freeze(n int) { f.cluster.Freeze(n) }

// Thaw ends what Freeze began.
func (f *Fleet) Thaw(n int) { f.cluster.Thaw(n) }

// Hang has a server's handlers answer nothing; handshakes and pings are answered. It
// leads on if it leads.
func (f *Fleet) Hang(n int) { f.cluster.Hang(n, true) }

// Unhang ends what Hang began.
func (f *Fleet) Unhang(n int) { f.cluster.Hang(n, false) }

// Cut makes a server silent for so many percent of the agents: chance chooses them, for
// each server anew. 0 ends it.
func (f *Fleet) Cut(n, percent int) { f.cluster.Cut(n, percent) }

// CutFrom makes a server silent for so many percent of the agents, beginning with the
// percentile first, 0 to 99: so cuts of several servers are for the same agents, or for others.
func (f *Fleet) CutFrom(n, percent, first int) { f.cluster.CutFrom(n, percent, first) }

// Slow has a server's answers take so much longer; 0: no longer.
func (f *Fleet) Slow(n int, by time.Duration) { f.cluster.Slow(n, by) }

// Name has heartbeats name a server, or no longer name it. Those behind a balancer are not
// named.
func (f *Fleet) Name(n int, named bool) { f.cluster.Name(n, named) }

// Leaderless has a server know no leader, or know it again.
func (f *Fleet) Leaderless(n int, is bool) { f.cluster.Leaderless(n, is) }

// DNSDown has DNS answer nothing, or answer again. It matters if Config.Names is set.
func (f *Fleet) DNSDown(is bool) { f.cluster.DNSDown(is) }

// ConsulDown has discovery find nothing, or find the servers again.
func (f *Fleet) ConsulDown(is bool) { f.cluster.ConsulDown(is) }
