//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestASidecarFailsSoThatAHeartbeatIsDueWhileItIsGone(t *testing.T) {
	const gone = 10 * time.Second
	for _, draw := range []time.Duration{0, gone * 8 / 10} { // the least and the most that may be drawn
		lead := leadOf(gone, func(most time.Duration) time.Duration {
			if most != gone*8/10 {
				t.Errorf("it is drawn below %v", most)
			}
			return draw
		})
		if lead < time.Second || lead > 9*time.Second {
			t.Errorf("it fails %v before", lead)
		}
	}
	s := &spell{of: &client{beats: []record{good(10, 10), bad(20, 21)}}, lead: secs(4)}
	for now, want := range map[float64]bool{
		9: false, 15.9: false, 16: true, 19: true, // due at 20
		19.1: false, 20: false, 21: false, // it would be gone for too long behind that
	} {
		if s.begins(at(now), gone) != want {
			t.Errorf("at %v: %v", now, !want)
		}
	}
	s.from = at(16)
	if s.begins(at(17), gone) {
		t.Error("it fails twice")
	}
}

func TestASidecarComesBackOnceItIsGoneForLongEnough(t *testing.T) {
	for name, c := range map[string]struct {
		s    spell
		want bool
	}{
		"it has not failed":            {spell{of: &client{side: &process{}, listens: true}}, false},
		"it was killed":                {spell{of: &client{side: &process{ended: true}}, from: at(10)}, true},
		"its process has not ended":    {spell{of: &client{side: &process{}}, from: at(10)}, false},
		"it was killed later":          {spell{of: &client{side: &process{ended: true}}, from: at(11)}, false},
		"it was frozen":                {spell{of: &client{side: &process{}, listens: true}, from: at(10)}, true},
		"it was started again already": {spell{of: &client{side: &process{ended: true}}, from: at(1), to: at(3)}, false},
	} {
		if got := c.s.ends(at(12), 2*time.Second); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestASidecarIsGoneUntilItListens(t *testing.T) {
	c := &client{side: &process{}, listens: true, ready: at(1)}
	s := &spell{of: c}
	if !s.lasts() {
		t.Error("it has yet to fail")
	}
	s.from, s.to = at(10), at(12)
	if s.lasts() || s.gone() != secs(2) {
		t.Errorf("frozen, it is gone for %v", s.gone())
	}
	c.listens = false
	if !s.lasts() {
		t.Error("it does not listen yet")
	}
	c.take(event{from: c.side, line: record{Kind: kindReady, Done: at(12.5)}})
	if s.lasts() || s.gone() != secs(2.5) {
		t.Errorf("killed, it is gone for %v", s.gone())
	}
}

func TestWhatASidecarSaysIsItsAgents(t *testing.T) {
	c := &client{proc: &process{}, side: &process{}, frozen: at(100)}
	stall := func(from, to float64) record { return stalled(testutil.Stall{From: at(from), To: at(to)}) }
	for _, e := range []event{
		{from: c.side, line: front(5, "s1")},
		{from: c.proc, line: front(6, sidecarAddr)}, // to the agent it is the only server
		{from: c.proc, line: good(10, 10)},
		{from: c.side, line: stall(20, 21)},
		{from: c.proc, line: stall(30, 31)},
		{from: c.side, line: stall(100, 110)}, // that was on purpose
		{from: &process{}, line: front(7, "s2")},
	} {
		c.take(e)
	}
	if c.front != "s1" || len(c.fronts) != 1 || len(c.beats) != 1 || len(c.stalls) != 2 || c.chooser() != c.side {
		t.Errorf("%+v", c)
	}
	c.side = nil
	if c.chooser() != c.proc {
		t.Error("an agent without a sidecar chooses itself")
	}
}
