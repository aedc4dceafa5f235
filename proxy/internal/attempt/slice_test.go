package attempt

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// hangs is a cluster in which some servers answer nothing, and the others after a while.
func hangs(latency time.Duration, hung ...string) func(attempted) (time.Duration, Failure, bool) {
	return func(a attempted) (time.Duration, Failure, bool) {
		for _, h := range hung {
			if a.addr == h {
				return time.Hour, Failure{}, false
			}
		}
		return latency, Failure{}, true
	}
}

func TestAServerThatHangsCostsACallASlice(t *testing.T) {
	alive := always(view(3, all(3, messages.Alive)...))
	for name, c := range map[string]struct {
		deadline time.Duration // 0: none
		latency  time.Duration
		hung     []string
		pace     time.Duration
		answered time.Duration // at the latest
		attempts int
	}{
		"one hangs, 5 s":                 {5 * time.Second, time.Millisecond, []string{"s0:4647"}, 0, 1300 * time.Millisecond, 2},
		"two hang, 5 s":                  {5 * time.Second, time.Millisecond, []string{"s0:4647", "s1:4647"}, 0, 2300 * time.Millisecond, 3},
		"one hangs, 1 s":                 {time.Second, time.Millisecond, []string{"s0:4647"}, 0, 510 * time.Millisecond, 2},
		"one hangs, no deadline":         {0, time.Millisecond, []string{"s0:4647"}, 0, 3800 * time.Millisecond, 2},
		"two hang, no deadline":          {0, time.Millisecond, []string{"s0:4647", "s1:4647"}, 0, 7500 * time.Millisecond, 3},
		"all slow, no deadline":          {0, 4 * time.Second, nil, 0, 20 * time.Second, 4},
		"all slow, no deadline, known":   {0, 4 * time.Second, nil, 4 * time.Second, 4 * time.Second, 1},
		"all need 1.5 s, 20 s":           {20 * time.Second, 1500 * time.Millisecond, nil, 0, 1500 * time.Millisecond, 1},
		"all need 1.5 s, 5 s, known":     {5 * time.Second, 1500 * time.Millisecond, nil, 1500 * time.Millisecond, 1500 * time.Millisecond, 1},
		"one hangs, others need 1 s":     {5 * time.Second, time.Second, []string{"s0:4647"}, time.Second, 3100 * time.Millisecond, 2},
		"slow as a whole, with a minute": {time.Minute, 8 * time.Second, nil, 0, 30 * time.Second, 4},
	} {
		call := Call{Config: Config{Repeatable: true, RetryTimeout: 30 * time.Second}}
		if c.deadline > 0 {
			call.Deadline = epoch.Add(c.deadline)
		}
		made, at, _, ok := world{view: alive, draw: middle, pace: c.pace, meets: hangs(c.latency, c.hung...)}.run(t, &call, 0)
		if !ok || at > c.answered || len(made) != c.attempts {
			t.Errorf("%s: answered %v after %v and %d attempts %v, want %v and %d", name, ok, at, len(made), made, c.answered, c.attempts)
		}
	}
}

func TestTheseCallsAreNotCutByASlice(t *testing.T) {
	alive, alone := view(3, all(3, messages.Alive)...), view(3, messages.Alive, messages.Failed, messages.Failed)
	only := view(1, messages.Alive)
	soon := epoch.Add(5 * time.Second)
	for name, c := range map[string]struct {
		Config
		view *messages.View
		want time.Duration // the limit
	}{
		"must not be repeated":                  {Config{Deadline: soon}, alive, 0},
		"must not be repeated, no deadline":     {Config{}, alive, 30 * time.Second},
		"no other server may be well":           {Config{Repeatable: true, Deadline: soon}, alone, 0},
		"the same, no deadline":                 {Config{Repeatable: true}, alone, 30 * time.Second},
		"it is paced, and there is no other":    {Config{Repeatable: true, Paced: true, Deadline: soon}, only, 0},
		"the same without a deadline":           {Config{Repeatable: true, Paced: true}, only, 30 * time.Second},
		"paced, and must not be repeated":       {Config{Paced: true, Deadline: soon}, alone, 0},
		"its caller sets how long it may take":  {Config{Repeatable: true, Patient: true}, alive, 0},
		"a query that must not be repeated":     {Config{Block: time.Minute}, alive, 0},
		"a query, no longer than its hold time": {Config{Block: 16 * time.Minute, Repeatable: true}, alive, 21*time.Minute + 500*time.Millisecond - 4*time.Minute},
	} {
		c.RetryTimeout = 30 * time.Second
		call := Call{Config: c.Config}
		do := call.Next(&Env{Now: epoch, View: c.view, Draw: middle, Tokens: purse(true)})
		if name == "a query, no longer than its hold time" {
			if do.Limit <= 17*time.Minute || do.Limit > 17*time.Minute+slicePatient {
				t.Errorf("%s: %v", name, do.Limit)
			}
			continue
		}
		if do.Do != Try || do.Limit != c.want {
			t.Errorf("%s: %+v, want a limit of %v", name, do, c.want)
		}
	}
}

// Whatever hangs, and however often the call is sent.
func TestACallWithoutADeadlineEndsWithinItsRetryTimeout(t *testing.T) {
	for _, servers := range []int{1, 2, 3, 5, 50} {
		for _, repeatable := range []bool{false, true} {
			call := Call{Config: Config{Repeatable: repeatable, RetryTimeout: 30 * time.Second}}
			made, at, _, ok := world{
				view: always(view(3, all(servers, messages.Alive)...)), draw: chance(1),
				meets: func(attempted) (time.Duration, Failure, bool) { return time.Hour, Failure{}, false },
			}.run(t, &call, 0)
			if ok || at > 30*time.Second+sliceLeast || at < 29*time.Second {
				t.Errorf("%d servers, repeatable %v: ended after %v and %d attempts", servers, repeatable, at, len(made))
			}
		}
	}
}
