package cluster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

func TestAServiceAnswersOneAfterTheOther(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 1, ConsulTime: 50 * time.Millisecond, ConsulRate: 10})
	for i := 1; i <= 60; i++ {
		after, answered := c.Discover()
		want := time.Duration(i)*100*time.Millisecond + 50*time.Millisecond
		check(t, "when", after, min(want, 5*time.Second))
		check(t, "answered", answered, want <= 5*time.Second)
	}
	c.ConsulDown(true)
	after, answered := c.Discover()
	check(t, "when it is down", after, 5*time.Second)
	check(t, "answered", answered, false)
	c.until(5 * time.Second) // a second of questions is left
	c.ConsulDown(false)
	after, answered = c.Discover()
	check(t, "when it is back", after, 1150*time.Millisecond)
	check(t, "answered", answered, true)
	check(t, "discoveries", c.discoveries.Sum(), 62)
	most, _ := c.discoveries.Peak(count.PerSecond, 0, time.Hour)
	check(t, "peak", most, 61)
	check(t, "lookups", c.lookups.Sum(), 0)
}

func TestNamesAreLookedUpBeforeADial(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 40, Names: true, ResolverTime: 20 * time.Millisecond, ResolverRate: 10, RTT: rtt})
	c.dial(0, limit, those(0, 30)...)
	c.until(10 * time.Second)
	check(t, "the first", c.ended[0], ending{Made, 120*time.Millisecond + 2*rtt})
	check(t, "the tenth", c.ended[9], ending{Made, 1020*time.Millisecond + 2*rtt})
	check(t, "sessions", c.count(Made), 19) // the answer to the 20th comes after 2.02 s
	check(t, "timeouts", c.count(TimedOut), 11)
	c.DNSDown(true)
	c.dial(0, limit, 30)
	c.dial(0, time.Minute, 31)
	c.until(60 * time.Second)
	check(t, "DNS is down", c.ended[30], ending{TimedOut, 10*time.Second + limit})
	check(t, "for a dial with much time", c.ended[31], ending{TimedOut, 15 * time.Second})
	check(t, "lookups", c.lookups.Sum(), 32)
	most, _ := c.lookups.Peak(count.PerSecond, 0, time.Hour)
	check(t, "peak", most, 30)
	check(t, "dials that reached a server", c.sum(dials), 19)
	check(t, "failed", c.sum(failed), 13)
}

// The SYN goes out when the name is known, and again a second later.
func TestALookupComesBeforeTheFirstSyn(t *testing.T) {
	t.Parallel()
	const lookup = 300 * time.Millisecond
	c := newRig(Config{Agents: 1, Names: true, ResolverTime: lookup, RTT: rtt})
	c.Cut(0, 100)
	c.dial(0, 10*time.Second, 0)
	c.until(1200 * time.Millisecond)
	c.Cut(0, 0)
	c.until(10 * time.Second)
	check(t, "the dial", c.ended[0], ending{Made, lookup + time.Second + 2*rtt})
}
