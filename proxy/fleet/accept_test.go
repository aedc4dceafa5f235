package fleet

import (
	"testing"
	"time"
)

const (
	rtt   = time.Millisecond
	limit = 2*time.Second + 2*rtt // what 2 s of handshakes take
)

// 1,000 dial at once a server of 100 handshakes a second: 200 come through in the 2 s of
// their limit, and the server works on the others for another 8 s.
func TestHandshakesAreWorkedOffOneAfterTheOtherAlsoThoseThatAreGivenUp(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1002, Servers: 1, Handshakes: 100, RTT: rtt})
	c.dial(0, limit, those(0, 1000)...)
	c.until(2500 * time.Millisecond)
	check(t, "sessions", c.ends(made), 200)
	check(t, "timeouts", c.ends(timedOut), 800)
	check(t, "the first", c.ended[0], dialEnd{made, 10*time.Millisecond + 2*rtt})
	check(t, "the last that is made", c.ended[199], dialEnd{made, limit})
	check(t, "the first that is not", c.ended[200], dialEnd{timedOut, limit})

	c.dial(0, 10*time.Second, 1000)
	c.until(20 * time.Second)
	check(t, "one that dials meanwhile", c.ended[1000], dialEnd{made, 10*time.Second + 10*time.Millisecond + rtt/2 + rtt + rtt/2})
	c.dial(0, limit, 1001)
	c.until(30 * time.Second)
	check(t, "one that dials later", c.ended[1001], dialEnd{made, 20*time.Second + 10*time.Millisecond + 2*rtt})

	r := c.Report()
	check(t, "dials", r.Dials, 1002)
	check(t, "failed", r.Failed, 800)
	check(t, "refused", r.Refused, 0)
	check(t, "peak", r.Conns, Peaks{Tenth: 1000, Second: 1000, Ten: 1001})
}

// Of 1,000 that dial at once, one is in work and 50 wait; the others send their SYN
// again after 1 s, 3 s and 7 s, together, so that the server rests in between.
func TestAFullBacklogMakesDialsLate(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1001, Servers: 1, Handshakes: 100, Backlog: 50, RTT: rtt})
	c.dial(0, 10*time.Second, those(0, 1000)...)
	c.until(800 * time.Millisecond)
	check(t, "sessions at first", c.ends(made), 51)
	c.dial(0, 10*time.Second, 1000)
	c.until(900 * time.Millisecond)
	check(t, "one that dials when there is room", c.ended[1000], dialEnd{made, 810*time.Millisecond + 2*rtt})
	for _, after := range []struct {
		at   time.Duration
		want int
	}{{time.Second, 52}, {2 * time.Second, 103}, {4 * time.Second, 154}, {8 * time.Second, 205}, {20 * time.Second, 205}} {
		c.until(after.at)
		check(t, "sessions after "+after.at.String(), c.ends(made), after.want)
	}
	check(t, "the first of those that are late", c.ended[51], dialEnd{made, 1010*time.Millisecond + 2*rtt})
	check(t, "timeouts", c.ends(timedOut), 1001-205)
	check(t, "one that is not taken", c.ended[999], dialEnd{timedOut, 10 * time.Second})
	check(t, "dials", c.Report().Dials, 1001)
	check(t, "places that are free again", len(c.syns.free), len(c.syns.all))
}

func TestASynThatIsSentAgainMeetsWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		what string
		do   func(*cluster)
		want dialEnd
	}{
		{"a dead server", func(c *cluster) { c.Kill(0) }, dialEnd{refused, time.Second + rtt}},
		{"a frozen one", func(c *cluster) { c.Freeze(0) }, dialEnd{timedOut, 10 * time.Second}},
	} {
		c := newCluster(Config{Agents: 3, Servers: 1, Handshakes: 1, Backlog: 1, RTT: rtt})
		c.dial(0, 10*time.Second, 0, 1, 2)
		c.until(500 * time.Millisecond)
		of.do(c)
		c.until(20 * time.Second)
		check(t, of.what, c.ended[2], of.want)
	}
}

func TestADeadServerRefusesAndASilentOneDoesNotAnswer(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 100, Servers: 3, RTT: rtt})
	c.Kill(0)
	c.Freeze(1)
	c.Hang(2)
	c.dial(0, limit, 0)
	c.dial(1, limit, 1)
	c.dial(2, limit, 2)
	c.until(10 * time.Second)
	check(t, "dead", c.ended[0], dialEnd{refused, rtt})
	check(t, "frozen", c.ended[1], dialEnd{timedOut, limit})
	check(t, "hung", c.ended[2], dialEnd{made, 2 * rtt})
	r := c.Report()
	check(t, "refused", r.Refused, 1)
	check(t, "failed", r.Failed, 2)
	check(t, "dials", r.Dials, 1)
}
