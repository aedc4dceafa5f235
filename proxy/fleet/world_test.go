package fleet

import (
	"testing"
	"time"
)

// still is a cluster and agents that do nothing by themselves.
type still struct{ *Fleet }

func newWorld(cfg Config) still {
	f := New(cfg)
	f.queue = queue{}
	f.now = f.cfg.Warm
	return still{f}
}

// dial has agents dial a server now.
func (s still) dial(n int16, from, to int) {
	for i := from; i < to; i++ {
		a := &s.agents[i]
		how, after := s.connect(a, n, 2*time.Second)
		s.in(after, event{agent: a.id, server: n, kind: evDialed, arg: how})
	}
}

// until lets the time go to one since the beginning of the run.
func (s still) until(at time.Duration) {
	for end := s.cfg.Warm + at + 1; s.queue.ready(end); {
		e := s.queue.pop()
		if s.now = e.at; e.agent == world {
			s.happens(e)
		}
	}
	s.now = s.cfg.Warm + at
}

// check fails the test unless two values are equal.
func check[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
