package cluster

import "time"

// Config configures a cluster, see fleet.Config; nothing in it has a default.
type Config struct {
	Agents  int
	Servers int
	Begin   int           // servers that are up at the beginning
	Warm    time.Duration // what is before is not looked at

	RTT    time.Duration
	Zones  int
	RTTs   []time.Duration // at least one
	Forget time.Duration

	Handshakes     int
	Backlog        int
	Conns          int
	ConnsPerClient int
	PerAddress     int // at least 1

	ServiceTime time.Duration
	Workers     int // at least 1

	Balancer     bool
	Names        bool
	ResolverTime time.Duration
	ResolverRate int
	ConsulTime   time.Duration
	ConsulRate   int
}
