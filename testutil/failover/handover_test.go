//go:build linux

package main

import "testing"

func TestAHeartbeatIsDueAfterTheLastOneThatSucceeded(t *testing.T) {
	c := &client{beats: []record{good(10, 10), good(20, 20.5), bad(30.5, 31), good(30.5, 33)}}
	for _, x := range []struct{ now, want float64 }{{15, 20}, {21, 30.5}, {32, 30.5}, {40, 43}} {
		if due := c.dueBefore(at(x.now)); !due.Equal(at(x.want)) {
			t.Errorf("at %v it is %v", x.now, due.Sub(start))
		}
	}
	if due := c.dueBefore(at(5)); !due.IsZero() {
		t.Errorf("before the first one: %v", due)
	}
}

func TestAnAgentIsMeasuredOnceInAllTransfers(t *testing.T) {
	ours, stock := &client{kind: clientOurs}, &client{kind: clientStock}
	r := &rig{agents: []*client{ours, stock}}
	seen := []met{{agent: ours}}
	if left := r.unmet(seen, ""); len(left) != 1 || left[0] != stock {
		t.Errorf("of both kinds: %v", left)
	}
	if left := r.unmet(seen, clientOurs); left != nil {
		t.Errorf("of ours: %v", left)
	}
}
