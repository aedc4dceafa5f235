package cluster

import (
	"testing"
	"time"
)

// The kernel of a frozen server accepts: whoever still waits when it is thawed gets a
// session, after the handshakes of those that were before, given up or not.
func TestAFrozenServerWorksOffWhatItsKernelHasAccepted(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 40, Servers: 1, Handshakes: 10, RTT: rtt})
	c.Freeze(0)
	c.dial(0, limit, those(0, 10)...) // they give up
	c.until(3 * time.Second)
	check(t, "given up", c.count(TimedOut), 10)
	check(t, "when", c.ended[0], ending{TimedOut, limit})
	c.dial(0, 10*time.Second, those(10, 20)...)
	c.until(4 * time.Second)
	c.Thaw(0)
	c.dial(0, 2500*time.Millisecond, those(20, 40)...)
	c.until(20 * time.Second)
	for i := range 10 {
		check(t, "one that waits", c.ended[int32(10+i)], ending{Made, 5*time.Second + time.Duration(i+1)*100*time.Millisecond + rtt/2 + rtt})
	}
	check(t, "the first of those that come later", c.ended[20], ending{Made, 6100*time.Millisecond + rtt/2 + rtt})
	check(t, "sessions", c.count(Made), 10+4)
	check(t, "dials", c.sum(dials), 40) // also those that it saw when they were given up
	check(t, "places that are free again", len(c.syns.free), len(c.syns.all))
}

func TestAFrozenServersBacklogIsFull(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 30, Servers: 1, Handshakes: 10, Backlog: 5, RTT: rtt})
	c.Freeze(0)
	c.dial(0, 10*time.Second, those(0, 8)...)
	c.until(500 * time.Millisecond)
	check(t, "in the kernel's hands", len(c.servers[0].parked), 6)
	c.Thaw(0)
	c.until(20 * time.Second)
	check(t, "the last of them", c.ended[5], ending{Made, 1100*time.Millisecond + 2*rtt})
	// After a second 0.1 s of these are left, so that there is room for both.
	check(t, "the first that sends its SYN again", c.ended[6], ending{Made, 1200*time.Millisecond + 2*rtt})
	check(t, "the second", c.ended[7], ending{Made, 1300*time.Millisecond + 2*rtt})
}

func TestADialToAFrozenServerThatDiesIsRefused(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 2, Servers: 1, RTT: rtt})
	c.Freeze(0)
	c.dial(0, limit, 0)
	c.until(time.Second)
	c.Kill(0)
	c.Begin(0)
	c.dial(0, limit, 1)
	c.until(10 * time.Second)
	check(t, "the dial", c.ended[0], ending{Refused, time.Second + rtt/2})
	check(t, "the next one", c.ended[1], ending{Made, time.Second + 2*rtt})
}

func TestADialLastsThroughAShortCut(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 3, Servers: 1, RTT: rtt})
	c.Cut(0, 100)
	c.dial(0, limit, 0)
	c.dial(0, 900*time.Millisecond, 1)
	c.dial(0, 10*time.Second, 2)
	c.until(900 * time.Millisecond)
	check(t, "one with too little time", c.ended[1], ending{TimedOut, 900 * time.Millisecond})
	c.Cut(0, 0)
	c.until(10 * time.Second)
	check(t, "one whose SYN is sent again", c.ended[0], ending{Made, time.Second + 2*rtt})
	check(t, "another one", c.ended[2], ending{Made, time.Second + 2*rtt})
	check(t, "dials", c.sum(dials), 2)
}
