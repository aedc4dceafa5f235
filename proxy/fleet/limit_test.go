package fleet

import (
	"testing"
	"time"
)

// 300 agents are behind two addresses: of each, 100 get a session.
func TestSessionsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 300, Servers: 2, ConnsPerClient: 100, PerAddress: 150, RTT: rtt})
	c.dial(0, limit, those(0, 300)...)
	c.until(10 * time.Second)
	check(t, "sessions", c.ends(made), 200)
	check(t, "closed at once", c.ends(refused), 100)
	check(t, "when", c.ended[100], dialEnd{refused, 2 * rtt})
	c.dial(1, limit, 100)
	c.until(20 * time.Second)
	check(t, "at another server", c.ended[100].how, made)

	for i := range 10 { // they end their sessions
		c.agents[i].sessions = nil
	}
	c.dial(0, limit, those(100, 150)...)
	c.until(30 * time.Second)
	check(t, "sessions", c.ends(made), 210)
}

func TestSessionsOfOneServerAreLimitedAlsoWhileTheirHandshakesAreInWork(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 30, Servers: 1, Handshakes: 1, Conns: 5, RTT: rtt})
	for second := range 3 { // each time it counts anew
		c.dial(0, time.Minute, those(10*second, 10*second+10)...)
		c.until(time.Duration(second+1) * 1100 * time.Millisecond)
	}
	c.until(time.Minute)
	check(t, "sessions", c.ends(made), 5)
	check(t, "closed at once", c.ends(refused), 25)
}

// A balancer's connections come from its own address.
func TestTheLimitOfOneAddressIsThatOfABalancersServers(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1000, Servers: 3, Balancer: true, ConnsPerClient: 100, RTT: rtt})
	c.dial(0, limit, those(0, 1000)...)
	c.until(10 * time.Second)
	check(t, "sessions", c.ends(made), 300)
}
