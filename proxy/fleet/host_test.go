package fleet

import (
	"testing"
	"time"
)

// Dials that the cluster keeps end as it says, each for its own agent, also where another
// one had the place.
func TestADialThatIsKeptEndsForItsOwnAgent(t *testing.T) {
	t.Parallel()
	c := newWorld(Config{Agents: 3})
	ends := func(until time.Duration) map[int32]uint32 {
		ended := map[int32]uint32{}
		for c.queue.ready(c.cfg.Warm + until + 1) {
			e := c.queue.pop()
			c.now = e.at
			if e.kind == evDialed {
				ended[e.agent] = e.arg
			} else if e.agent == world {
				c.happens(e)
			}
		}
		c.now = c.cfg.Warm + until
		return ended
	}
	c.Cut(0, 100)
	c.Cut(1, 100)
	c.dial(0, 0, 1)
	c.dial(1, 1, 2)
	c.Cut(1, 0) // its SYN is sent again after 1 s
	first := ends(5 * time.Second)
	check(t, "to the one that is cut off", first[0], timedOut)
	check(t, "to the other one", first[1], made)
	c.Cut(1, 100)
	c.dial(1, 2, 3)
	c.Cut(1, 0)
	second := ends(10 * time.Second)
	how, is := second[2]
	check(t, "the place is another agent's", len(second) == 1 && is && how == made, true)
}
