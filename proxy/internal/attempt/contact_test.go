package attempt

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// fleetOf is a view of so many servers, none of which was reached.
func fleetOf(servers, nodes int) *messages.View {
	var ranking []messages.Ranked
	for i := range servers {
		ranking = append(ranking, messages.Ranked{Server: messages.Server{Addr: string(rune('a' + i))}})
	}
	return messages.NewView(1, ranking, 0, nodes, "")
}

// starts is when the dials of a race begin, each of which fails after limit; a host is
// there for all of them or for none.
func starts(c Contact, servers int, limit time.Duration, there bool) (at []time.Duration) {
	begin := time.Unix(1000, 0)
	var ends []time.Time
	for now := begin; len(at) < servers; {
		ends = slices.DeleteFunc(ends, func(end time.Time) bool {
			if end.After(now) {
				return false
			}
			c.Failed()
			return true
		})
		reached := 0
		if there {
			reached = len(ends)
		}
		wait := c.Wait(now, reached)
		if wait == 0 {
			c.Begun(now)
			at, ends = append(at, now.Sub(begin)), append(ends, now.Add(limit))
			continue
		}
		next := now.Add(wait)
		for _, end := range ends {
			if end.Before(next) {
				next = end
			}
		}
		now = next
	}
	return at
}

func TestServersAreDialedAtTheSameTime(t *testing.T) {
	const ms, limit = time.Millisecond, 2 * time.Second
	for _, c := range []struct {
		what           string
		servers, nodes int
		there          bool
		want           []time.Duration
	}{
		{"black holes", 10, 0, false, []time.Duration{
			0, 250 * ms, 500 * ms, 750 * ms, 1000 * ms, 1250 * ms, 1500 * ms, 1600 * ms, 1700 * ms, 1800 * ms,
		}},
		{"black holes of a large fleet", 5, 100_000, false, []time.Duration{0, 250 * ms, 500 * ms, 750 * ms, 1000 * ms}},
		{"hosts that do not answer", 10, 0, true, []time.Duration{
			0, 250 * ms, 750 * ms, 1500 * ms, 1600 * ms, 1700 * ms, 1800 * ms, 1900 * ms, 2000 * ms, 2100 * ms,
		}},
		{"the same in a small fleet", 3, 500, true, []time.Duration{0, 250 * ms, 750 * ms}},
		{"in one of medium size", 5, 5000, true, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}},
		{"in a large one", 5, 100_000, true, []time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second}},
	} {
		got := starts(NewContact(fleetOf(c.servers, c.nodes)), c.servers, limit, c.there)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: dialed at %v, want %v", c.what, got, c.want)
		}
	}
}

func TestAServerThatRefusesKeepsTheNextOneWaitingForNothing(t *testing.T) {
	got := starts(NewContact(fleetOf(5, 100_000)), 5, time.Millisecond, true)
	if got[4] != 4*time.Millisecond {
		t.Errorf("dialed at %v", got)
	}
}

// What waits for a dial runs no more than the timer of the next one does: a process that was
// not run finds both due, and must not dial another server for an answer that has come.
func TestADialIsNotSilentWhileTheProcessIsNotRun(t *testing.T) {
	begin := time.Unix(1000, 0)
	for _, reached := range []int{0, 1} {
		c := NewContact(fleetOf(5, 0))
		for range 3 { // for each of the dials, also where the race is in a hurry
			c.Begun(begin)
			due := begin.Add(c.Wait(begin, reached))
			if got := c.Wait(due.Add(lateLook-1), reached); got != 0 {
				t.Errorf("a look in time waits for %v", got)
			}
			late := due.Add(time.Second)
			if got := c.Wait(late, reached); got != lookAgain {
				t.Errorf("a look that is late waits for %v, want %v", got, lookAgain)
			}
			if got := c.Wait(late.Add(lookAgain/2), reached); got != lookAgain/2 {
				t.Errorf("half of that later there are %v left", got)
			}
			if begin = late.Add(time.Minute); c.Wait(begin, reached) != 0 { // only once
				t.Error("it is put off for ever")
			}
		}
		c.Begun(begin)
		c.Failed()
		if got := c.Wait(begin.Add(time.Minute), reached); got != 0 {
			t.Errorf("behind a failure the next one waits for %v", got)
		}
	}
}

func TestNoMoreThanSoManySilentDialsAreUnderWay(t *testing.T) {
	c := NewContact(fleetOf(100, 0))
	now := time.Unix(1000, 0)
	for end := now.Add(contactMost); now.Before(end); {
		now = now.Add(c.Wait(now, 0))
		c.Begun(now)
	}
	if c.Open() > silentMost+1 {
		t.Errorf("%d dials in %v", c.Open(), contactMost)
	}
}

func TestARaceHasTheServersThatTheCallMayBeMadeOn(t *testing.T) {
	ranking := []messages.Ranked{
		{Server: messages.Server{Addr: "a"}, Health: messages.Failed},
		{Server: messages.Server{Addr: "b"}},
		{Server: messages.Server{Addr: "c"}, Health: messages.Alive},
		{Server: messages.Server{Addr: "d"}, Health: messages.Leaderless},
		{Server: messages.Server{Addr: "e"}},
		{Server: messages.Server{Addr: "f"}, Role: messages.Backup},
	}
	view := messages.NewView(1, ranking, 4, 0, "")
	c := Call{past: &past{tried: []string{"b"}}, server: "e"}
	var got []string
	for _, s := range c.Order(view) {
		got = append(got, s.Addr)
	}
	if !slices.Equal(got, []string{"e", "c", "f"}) {
		t.Errorf("%v", got)
	}
	c.Unreached(messages.Server{Addr: "c"}, time.Time{})
	c.Unreached(messages.Server{Addr: "e"}, time.Time{}) // its own failure tells
	if !slices.Equal(c.tried, []string{"b", "c"}) {
		t.Errorf("tried %v", c.tried)
	}
	if c.Took(messages.Server{Addr: "f"}); c.server != "f" {
		t.Errorf("made on %s", c.server)
	}
}
