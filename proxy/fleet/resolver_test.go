package fleet

import (
	"testing"
	"time"
)

func TestAServiceAnswersOneAfterTheOther(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1, ConsulRate: 10})
	for i := 1; i <= 60; i++ {
		after, answered := c.discover()
		want := time.Duration(i)*100*time.Millisecond + 50*time.Millisecond
		check(t, "when", after, min(want, 5*time.Second))
		check(t, "answered", answered, want <= 5*time.Second)
	}
	c.ConsulDown(true)
	after, answered := c.discover()
	check(t, "when it is down", after, 5*time.Second)
	check(t, "answered", answered, false)
	c.until(5 * time.Second) // a second of questions is left
	c.ConsulDown(false)
	after, answered = c.discover()
	check(t, "when it is back", after, 1150*time.Millisecond)
	check(t, "answered", answered, true)
	r := c.Report()
	check(t, "discoveries", r.Discoveries, 62)
	check(t, "peaks", r.DiscoverPeaks, Peaks{Tenth: 61, Second: 61, Ten: 62})
	check(t, "lookups", r.Lookups, 0)
}

func TestNamesAreLookedUpBeforeADial(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 40, Names: true, ResolverTime: 20 * time.Millisecond, ResolverRate: 10, RTT: rtt})
	c.dial(0, limit, those(0, 30)...)
	c.until(10 * time.Second)
	check(t, "the first", c.ended[0], dialEnd{made, 120*time.Millisecond + 2*rtt})
	check(t, "the tenth", c.ended[9], dialEnd{made, 1020*time.Millisecond + 2*rtt})
	check(t, "sessions", c.ends(made), 19) // the answer to the 20th comes after 2.02 s
	check(t, "timeouts", c.ends(timedOut), 11)
	c.DNSDown(true)
	c.dial(0, limit, 30)
	c.dial(0, time.Minute, 31)
	c.until(60 * time.Second)
	check(t, "DNS is down", c.ended[30], dialEnd{timedOut, 10*time.Second + limit})
	check(t, "for a dial with much time", c.ended[31], dialEnd{timedOut, 15 * time.Second})
	r := c.Report()
	check(t, "lookups", r.Lookups, 32)
	check(t, "peak", r.LookupPeaks.Second, 30)
	check(t, "dials that reached a server", r.Dials, 19)
	check(t, "failed", r.Failed, 13)
}
