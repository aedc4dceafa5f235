package cluster

import (
	"testing"
	"time"
)

// 100 requests at once to a server that takes 1 ms for each: the last one is answered
// after 100 ms, and nobody waits a second later.
func TestRequestsWaitForEachOther(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 100, ServiceTime: time.Millisecond, RTT: rtt})
	var last time.Duration
	for i := range int32(100) {
		last, _ = c.Serve(i, 0, Watch)
	}
	check(t, "the last one", last, 100*time.Millisecond+rtt/2) // it has come when the first is done for half of its time
	c.until(time.Second)
	after, _ := c.Serve(0, 0, Watch)
	check(t, "later", after, time.Millisecond+rtt)
	after, _ = c.Serve(0, 0, Sign)
	check(t, "a ping of the session", after, rtt)
}

// The leader takes as long as the server that asks it, but it works meanwhile.
func TestHeartbeatsArePassedOnToTheLeader(t *testing.T) {
	t.Parallel()
	const each, hop = 2 * time.Millisecond, 4 * time.Millisecond
	c := newRig(Config{Agents: 11, Servers: 2, Zones: 2, RTTs: []time.Duration{rtt, hop}, ServiceTime: each})
	c.leader = 1
	a := int32(0)
	for i := 1; i <= 10; i++ {
		after, answered := c.Serve(a, 0, Beat)
		want := max(time.Duration(i-1)*each, rtt/2) + each + hop/2 + each + hop/2 + rtt/2
		if after != want || !answered {
			t.Errorf("number %d: after %v, %t; want %v", i, after, answered, want)
		}
	}
	after, _ := c.Serve(a, 1, Beat) // the leader itself, which has ten requests before it
	check(t, "to the leader", after, 10*each+each+hop/2)
}

func TestASlowServersQueueGrows(t *testing.T) {
	t.Parallel()
	const slow = 100 * time.Millisecond
	c := newRig(Config{Agents: 1, RTT: rtt})
	c.Slow(0, slow)
	for range 2 { // any number at once
		after, _ := c.Serve(0, 0, Watch)
		check(t, "without a limit", after, slow+rtt)
	}
	// 10 in work at once make 1 ms + 10 ms for each: 90.9 a second, of 100 that come.
	c = newRig(Config{Agents: 1, ServiceTime: time.Millisecond, Workers: 10, RTT: rtt})
	c.Slow(0, slow)
	var after time.Duration
	for i := range 1000 {
		c.until(time.Duration(i) * 10 * time.Millisecond)
		after, _ = c.Serve(0, 0, Watch)
	}
	check(t, "after 10 s", after, 999*time.Millisecond+101*time.Millisecond+rtt/2)
	c.Slow(0, 0)
	c.until(20 * time.Second)
	after, _ = c.Serve(0, 0, Watch)
	check(t, "no longer slow", after, time.Millisecond+rtt)
}

func TestAHungServerAnswersPingsOnly(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 1, RTT: rtt})
	a := int32(0)
	c.leader = 1
	answers := func(n int16, want map[Request]bool) {
		t.Helper()
		for what, is := range want {
			if _, answered := c.Serve(a, n, what); answered != is {
				t.Errorf("server %d, %d: answered %t", n, what, answered)
			}
		}
	}
	c.Hang(0, true)
	answers(0, map[Request]bool{Sign: true, Status: false, Beat: false, Watch: false})
	answers(2, map[Request]bool{Sign: true, Status: true, Beat: true, Watch: true})
	check(t, "reaches", c.Reaches(a, 0), true)
	check(t, "serves", c.Serves(a, 0), false)
	c.Hang(0, false)
	check(t, "serves again", c.Serves(a, 0), true)
	c.Hang(1, true) // the leader
	answers(2, map[Request]bool{Sign: true, Status: true, Beat: false, Watch: true})
	c.Freeze(2)
	answers(2, map[Request]bool{Sign: false, Status: false, Beat: false, Watch: false})
	check(t, "reaches a frozen one", c.Reaches(a, 2), false)
}
