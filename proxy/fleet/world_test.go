package fleet

import (
	"testing"
	"time"
)

// cluster is servers without agents that do anything: tests dial and ask for them.
type cluster struct {
	*Fleet
	ended map[int32]dialEnd
}

// dialEnd is how a dial ended, and when, since the beginning of the run.
type dialEnd struct {
	how uint32
	at  time.Duration
}

func newCluster(cfg Config) *cluster {
	f := New(cfg)
	f.queue = queue{}
	f.now = f.cfg.Warm
	return &cluster{Fleet: f, ended: map[int32]dialEnd{}}
}

// dial has agents dial a server now.
func (c *cluster) dial(n int16, limit time.Duration, agents ...int) {
	for _, i := range agents {
		a := &c.agents[i]
		how, after := c.connect(a, n, limit)
		c.in(after, event{agent: a.id, server: n, kind: evDialed, arg: how})
	}
}

// until lets the time go to one since the beginning of the run.
func (c *cluster) until(at time.Duration) {
	for end := c.cfg.Warm + at + 1; c.queue.ready(end); {
		e := c.queue.pop()
		c.now = e.at
		switch {
		case e.agent == world:
			c.happens(e)
		case e.kind == evDialed:
			c.ended[e.agent] = dialEnd{how: e.arg, at: c.now - c.cfg.Warm}
			if e.arg == made {
				c.established(&c.agents[e.agent], e.server, 1)
			}
		}
	}
	c.now = c.cfg.Warm + at
}

// ends is how many dials ended so.
func (c *cluster) ends(how uint32) int {
	n := 0
	for _, e := range c.ended {
		if e.how == how {
			n++
		}
	}
	return n
}

// those are the numbers from..to-1.
func those(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// check fails the test unless two values are equal.
func check[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
