package cluster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

const (
	rtt   = time.Millisecond
	limit = 2*time.Second + 2*rtt // what 2 s of handshakes take
)

// 1,000 dial at once a server of 100 handshakes a second: 200 come through in the 2 s of
// their limit, and the server works on the others for another 8 s.
func TestHandshakesAreWorkedOffOneAfterTheOtherAlsoThoseThatAreGivenUp(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 1002, Servers: 1, Handshakes: 100, RTT: rtt})
	c.dial(0, limit, those(0, 1000)...)
	c.until(2500 * time.Millisecond)
	check(t, "sessions", c.count(Made), 200)
	check(t, "timeouts", c.count(TimedOut), 800)
	check(t, "the first", c.ended[0], ending{Made, 10*time.Millisecond + 2*rtt})
	check(t, "the last that is made", c.ended[199], ending{Made, limit})
	check(t, "the first that is not", c.ended[200], ending{TimedOut, limit})

	c.dial(0, 10*time.Second, 1000)
	c.until(20 * time.Second)
	check(t, "one that dials meanwhile", c.ended[1000], ending{Made, 10*time.Second + 10*time.Millisecond + rtt/2 + rtt + rtt/2})
	c.dial(0, limit, 1001)
	c.until(30 * time.Second)
	check(t, "one that dials later", c.ended[1001], ending{Made, 20*time.Second + 10*time.Millisecond + 2*rtt})

	check(t, "dials", c.sum(dials), 1002)
	check(t, "failed", c.sum(failed), 800)
	check(t, "refused", c.sum(atOnce), 0)
	most, _ := c.Counts(0).Dials.Peak(count.PerSecond, 0, time.Hour)
	check(t, "peak", most, 1000)
}

// Of 1,000 that dial at once, one is in work and 50 wait; the others send their SYN
// again after 1 s, 3 s and 7 s, together, so that the server rests in between.
func TestAFullBacklogMakesDialsLate(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 1001, Servers: 1, Handshakes: 100, Backlog: 50, RTT: rtt})
	c.dial(0, 10*time.Second, those(0, 1000)...)
	c.until(800 * time.Millisecond)
	check(t, "sessions at first", c.count(Made), 51)
	c.dial(0, 10*time.Second, 1000)
	c.until(900 * time.Millisecond)
	check(t, "one that dials when there is room", c.ended[1000], ending{Made, 810*time.Millisecond + 2*rtt})
	for _, after := range []struct {
		at   time.Duration
		want int
	}{{time.Second, 52}, {2 * time.Second, 103}, {4 * time.Second, 154}, {8 * time.Second, 205}, {20 * time.Second, 205}} {
		c.until(after.at)
		check(t, "sessions after "+after.at.String(), c.count(Made), after.want)
	}
	check(t, "the first of those that are late", c.ended[51], ending{Made, 1010*time.Millisecond + 2*rtt})
	check(t, "timeouts", c.count(TimedOut), 1001-205)
	check(t, "one that is not taken", c.ended[999], ending{TimedOut, 10 * time.Second})
	check(t, "dials", c.sum(dials), 1001)
	check(t, "places that are free again", len(c.syns.free), len(c.syns.all))
}

func TestASynThatIsSentAgainMeetsWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		what string
		do   func(*rig)
		want ending
	}{
		{"a dead server", func(c *rig) { c.Kill(0) }, ending{Refused, time.Second + rtt}},
		{"a frozen one", func(c *rig) { c.Freeze(0) }, ending{TimedOut, 10 * time.Second}},
	} {
		c := newRig(Config{Agents: 3, Servers: 1, Handshakes: 1, Backlog: 1, RTT: rtt})
		c.dial(0, 10*time.Second, 0, 1, 2)
		c.until(500 * time.Millisecond)
		of.do(c)
		c.until(20 * time.Second)
		check(t, of.what, c.ended[2], of.want)
	}
}

func TestADeadServerRefusesAndASilentOneDoesNotAnswer(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 100, Servers: 3, RTT: rtt})
	c.Kill(0)
	c.Freeze(1)
	c.Hang(2, true)
	c.dial(0, limit, 0)
	c.dial(1, limit, 1)
	c.dial(2, limit, 2)
	c.until(10 * time.Second)
	check(t, "dead", c.ended[0], ending{Refused, rtt})
	check(t, "frozen", c.ended[1], ending{TimedOut, limit})
	check(t, "hung", c.ended[2], ending{Made, 2 * rtt})
	check(t, "refused", c.sum(atOnce), 1)
	check(t, "failed", c.sum(failed), 2)
	check(t, "dials", c.sum(dials), 2) // the kernel of the frozen one has one
}

// A restart does not mend the network, and the host of a dead server refuses nobody it does not hear.
func TestACutOutlivesTheServersProcess(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 3, Servers: 1, RTT: rtt})
	c.Cut(0, 100)
	c.Kill(0)
	c.dial(0, limit, 0)
	c.until(10 * time.Second)
	check(t, "dead and cut off", c.ended[0], ending{TimedOut, limit})
	c.Begin(0)
	c.dial(0, limit, 1)
	c.until(20 * time.Second)
	check(t, "started anew", c.ended[1], ending{TimedOut, 10*time.Second + limit})
	c.Cut(0, 0)
	c.dial(0, limit, 2)
	c.until(30 * time.Second)
	check(t, "healed", c.ended[2], ending{Made, 20*time.Second + 2*rtt})
}
