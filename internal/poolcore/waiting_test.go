package poolcore

import (
	"testing"
	"time"
)

func TestACallReportsItsServerWhenItIsDue(t *testing.T) {
	const s = time.Second
	type at struct {
		again time.Duration
		due   bool
	}
	overdue := func(silent, excused time.Duration) at {
		again, due := OverdueIn(silent, s, excused)
		return at{again, due}
	}
	late := func(waited, unanswered, usual time.Duration) at {
		again, due := LateIn(waited, unanswered, usual, s)
		return at{again, due}
	}
	for what, c := range map[string]struct{ got, want at }{
		"bytes came in a moment ago":              {overdue(s/4, 0), at{s * 3 / 4, false}},
		"none have for the limit":                 {overdue(s, 0), at{s, true}},
		"none have, and the request is on a line": {overdue(5*s, 2*s), at{2 * s, false}},
		"it has waited as long as usual":          {late(s, s, s), at{s, true}},
		"it usually takes longer":                 {late(s, s, 3*s), at{2 * s, false}},
		"another call was answered":               {late(5*s, s/2, s), at{s / 2, false}},
		"it has waited for long":                  {late(time.Minute, time.Minute, s), at{10 * s, true}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", what, c.got, c.want)
		}
	}
	if first, short := FirstLook(5*time.Minute, s, time.Minute), FirstLook(0, s, s/2); first != 5*time.Minute+s || short != s/2 {
		t.Errorf("first looks after %v and %v", first, short)
	}
	if !LeavesLate(s/10, s/10, s) || LeavesLate(s/11, s, s) || LeavesLate(s, s/11, s) {
		t.Error("callers that leave")
	}
}

func TestAtRestOnlyTimesPassThatHaveNothingFollow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := New(
		&Config{Idle: time.Minute, Silence: time.Second, Ping: time.Second, Drain: time.Second, Dial: time.Second},
		&testEnv{chance: func() float64 { return 0 }, usage: func(uint64) Usage { return Usage{Busy: true, Heard: now, Used: now} }},
	)
	for _, m := range []Message{
		Keepalive{Interval: 30 * time.Second}, Retain{Addr: "a:1"}, Connect{Addr: "a:1"}, Dialed{Addr: "a:1", Session: 1},
	} {
		c.Step(now, m)
	}
	if at := c.Deadline(); !at.Equal(now.Add(30 * time.Second)) {
		t.Errorf("deadline %v", at.Sub(now))
	}
	if at := c.Rest(); !at.IsZero() {
		t.Errorf("at rest %v", at.Sub(now))
	}
	c.Step(now, Overdue{Session: 1})
	if at := c.Rest(); !at.Equal(now.Add(time.Second)) {
		t.Errorf("while a ping is out %v", at.Sub(now))
	}
	c.Step(now, Pinged{Session: 1})
	c.Step(now, Retain{Addr: "b:1"})
	if at := c.Rest(); at.IsZero() {
		t.Error("a session that was left is not looked at")
	}
}
