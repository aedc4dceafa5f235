package fleet

import (
	"testing"
	"time"
)

// A server acknowledges a new stream, which is a sign of life. One that was used before it does not.
func TestOnlyANewStreamIsASignOfLife(t *testing.T) {
	t.Parallel()
	const rtt = 10 * time.Millisecond
	f := New(Config{Agents: 1, Servers: 1, RTT: rtt})
	a := &f.agents[0]
	f.established(a, 0, 1)
	began := f.now
	carried := func(answered bool) *session {
		f.now += time.Second
		w := &wait{gen: a.number()}
		f.ride(a, w, &a.sessions[0])
		w.answered = answered
		f.leave(a, w)
		return &a.sessions[0]
	}
	check(t, "the first one", carried(true).heard, began+time.Second+rtt)
	check(t, "the same again", carried(false).heard, began+time.Second+rtt)
	check(t, "after one that was given up", carried(true).heard, began+3*time.Second+rtt)
	f.Freeze(0)
	carried(false)
	check(t, "of a frozen server", carried(true).heard, began+3*time.Second+rtt)
}
