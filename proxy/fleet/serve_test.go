package fleet

import (
	"testing"
	"time"
)

// 100 requests at once to a server that takes 1 ms for each: the last one is answered
// after 100 ms, and nobody waits a second later.
func TestRequestsWaitForEachOther(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 100, ServiceTime: time.Millisecond, RTT: rtt})
	var last time.Duration
	for i := range c.agents {
		last, _ = c.serve(&c.agents[i], 0, askWatch)
	}
	check(t, "the last one", last, 100*time.Millisecond+rtt/2) // it has come when the first is done for half of its time
	c.until(time.Second)
	after, _ := c.serve(&c.agents[0], 0, askWatch)
	check(t, "later", after, time.Millisecond+rtt)
	after, _ = c.serve(&c.agents[0], 0, askSign)
	check(t, "a ping of the session", after, rtt)
}

// The leader takes as long as the server that asks it, but it works meanwhile.
func TestHeartbeatsArePassedOnToTheLeader(t *testing.T) {
	t.Parallel()
	const each, hop = 2 * time.Millisecond, 4 * time.Millisecond
	c := newCluster(Config{Agents: 11, Servers: 2, Zones: 2, RTTs: []time.Duration{rtt, hop}, ServiceTime: each})
	c.leader = 1
	a := &c.agents[0]
	for i := 1; i <= 10; i++ {
		after, answered := c.serve(a, 0, askBeat)
		want := max(time.Duration(i-1)*each, rtt/2) + each + hop/2 + each + hop/2 + rtt/2
		if after != want || !answered {
			t.Errorf("number %d: after %v, %t; want %v", i, after, answered, want)
		}
	}
	after, _ := c.serve(a, 1, askBeat) // the leader itself, which has ten requests before it
	check(t, "to the leader", after, 10*each+each+hop/2)
}

func TestASlowServersQueueGrows(t *testing.T) {
	t.Parallel()
	const slow = 100 * time.Millisecond
	c := newCluster(Config{Agents: 1, RTT: rtt})
	c.Slow(0, slow)
	for range 2 { // any number at once
		after, _ := c.serve(&c.agents[0], 0, askWatch)
		check(t, "without a limit", after, slow+rtt)
	}
	// 10 in work at once make 1 ms + 10 ms for each: 90.9 a second, of 100 that come.
	c = newCluster(Config{Agents: 1, ServiceTime: time.Millisecond, Workers: 10, RTT: rtt})
	c.Slow(0, slow)
	var after time.Duration
	for i := range 1000 {
		c.until(time.Duration(i) * 10 * time.Millisecond)
		after, _ = c.serve(&c.agents[0], 0, askWatch)
	}
	check(t, "after 10 s", after, 999*time.Millisecond+101*time.Millisecond+rtt/2)
	c.Slow(0, 0)
	c.until(20 * time.Second)
	after, _ = c.serve(&c.agents[0], 0, askWatch)
	check(t, "no longer slow", after, time.Millisecond+rtt)
}

func TestAHungServerAnswersPingsOnly(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1, RTT: rtt})
	a := &c.agents[0]
	c.leader = 1
	answers := func(n int16, want map[int]bool) {
		t.Helper()
		for what, is := range want {
			if _, answered := c.serve(a, n, what); answered != is {
				t.Errorf("server %d, %d: answered %t", n, what, answered)
			}
		}
	}
	c.Hang(0)
	answers(0, map[int]bool{askSign: true, askStatus: false, askBeat: false, askWatch: false})
	answers(2, map[int]bool{askSign: true, askStatus: true, askBeat: true, askWatch: true})
	check(t, "reaches", c.reaches(a, 0), true)
	check(t, "serves", c.serves(a, 0), false)
	c.Unhang(0)
	check(t, "serves again", c.serves(a, 0), true)
	c.Hang(1) // the leader
	answers(2, map[int]bool{askSign: true, askStatus: true, askBeat: false, askWatch: true})
	c.Freeze(2)
	answers(2, map[int]bool{askSign: false, askStatus: false, askBeat: false, askWatch: false})
	check(t, "reaches a frozen one", c.reaches(a, 2), false)
}
