package fleet

import (
	"testing"
	"time"
)

// quietRun is a cluster and agents that do nothing by themselves.
type quietRun struct{ *Fleet }

func newWorld(cfg Config) quietRun {
	f := New(cfg)
	f.queue = queue{}
	f.now = f.cfg.Warm
	return quietRun{f}
}

// dial has agents dial a server now.
func (s quietRun) dial(n int16, from, to int) {
	for i := from; i < to; i++ {
		a := &s.agents[i]
		how, after := s.connect(a, n, 2*time.Second)
		s.in(after, event{agent: a.id, server: n, kind: evDialed, arg: how})
	}
}

// until lets the time go to one since the beginning of the run.
func (s quietRun) until(at time.Duration) {
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
