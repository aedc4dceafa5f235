package attempt

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// How often one call is sent while every dial is refused, by chance that is always in the
// middle, so that the counts are exact.
func TestHowOftenACallIsSentToServersThatAreDown(t *testing.T) {
	for name, c := range map[string]struct {
		Config
		nodes, servers int
		want           int
	}{
		"prompt, small":             {Config{}, 100, 3, 36},
		"prompt, 10,000":            {Config{}, 10_000, 5, 16},
		"prompt, 5 s, 10,000":       {Config{Deadline: epoch.Add(5 * time.Second)}, 10_000, 5, 11},
		"prompt, a minute, small":   {Config{Deadline: epoch.Add(time.Minute)}, 100, 3, 66},
		"query, small":              {Config{Block: 5 * time.Minute}, 100, 3, 36},
		"query, 10,000":             {Config{Block: 5 * time.Minute}, 10_000, 5, 8},
		"10 s left, small":          {Config{AnswerBy: epoch.Add(10 * time.Second), Deadline: epoch.Add(time.Minute)}, 100, 3, 78},
		"10 s left, 10,000":         {Config{AnswerBy: epoch.Add(10 * time.Second), Deadline: epoch.Add(time.Minute)}, 10_000, 5, 11},
		"late, small":               {Config{AnswerBy: epoch, Deadline: epoch.Add(time.Minute)}, 100, 3, 41},
		"late, 10,000":              {Config{AnswerBy: epoch, Deadline: epoch.Add(time.Minute)}, 10_000, 5, 5},
		"late, a million":           {Config{AnswerBy: epoch, Deadline: epoch.Add(10 * time.Minute)}, 1_000_000, 5, 14},
		"late, no time for a pause": {Config{AnswerBy: epoch, Deadline: epoch.Add(8 * time.Second)}, 1_000_000, 5, 1},
	} {
		c.Repeatable, c.RetryTimeout = true, 30*time.Second
		call := Call{Config: c.Config}
		down := always(view(c.nodes, all(c.servers, messages.Failed)...))
		made, at, why, _ := world{view: down, draw: middle, meets: refused}.run(t, &call, 0)
		if len(made) != c.want || why != ReasonNoTime {
			t.Errorf("%s: %d attempts until %v, want %d", name, len(made), at, c.want)
		}
	}
}

// Callers that have their deadline in common do not come together before it: with one attempt
// more each, and no more, they come twice as often at most.
func TestNoCallComesInStepWithADeadline(t *testing.T) {
	for name, cfg := range map[string]Config{
		"prompt":                         {Deadline: epoch.Add(10 * time.Second)},
		"a soft deadline and a hard one": {AnswerBy: epoch.Add(5 * time.Second), Deadline: epoch.Add(10 * time.Second)},
		"late":                           {AnswerBy: epoch, Deadline: epoch.Add(10 * time.Second)},
		"without a deadline of its own":  {RetryTimeout: 10 * time.Second},
	} {
		const calls = 2000
		var tenths [120]int
		for i := range calls {
			call := Call{Config: cfg}
			call.Repeatable = true
			made, _, _, _ := world{
				view: always(view(50, all(5, messages.Failed)...)), draw: chance(uint64(i + 1)), meets: refused,
			}.run(t, &call, 0)
			for _, a := range made[1:] {
				tenths[a.at/(100*time.Millisecond)]++
			}
		}
		before := slices.Max(tenths[30:45]) // in the middle of it, long before any end
		for i := 45; i < len(tenths); i++ {
			if tenths[i] > before*5/2 {
				t.Errorf("%s: %d attempts of %d callers in the tenth of a second after %d00 ms, %d before", name, tenths[i], calls, i, before)
			}
		}
	}
}

func TestAPauseEndsWhenAServerIsFound(t *testing.T) {
	down, up := view(10_000, all(5, messages.Failed)...), view(10_000, messages.Failed, messages.Alive, messages.Failed, messages.Failed, messages.Failed)
	env := Env{Now: epoch, View: down, Draw: middle, Tokens: purse(true)}
	for name, c := range map[string]struct {
		Config
		rest time.Duration
	}{
		"query": {Config{Block: time.Minute}, 0},
		"read":  {Config{}, 0},
		"late":  {Config{AnswerBy: epoch}, lateLeast - time.Millisecond},
	} {
		c.Repeatable, c.RetryTimeout = true, 30*time.Second
		call := Call{Config: c.Config}
		if do := call.Next(&env); do.Do == Pause { // a query waits before it is sent
			call.Next(&env)
		}
		call.Failed(epoch, Failure{Kind: Lost, Outcome: NotSent})
		if do := call.Next(&env); do.Do != Pause {
			t.Fatalf("%s: %+v", name, do)
		}
		if _, yes := call.Resumes(&env); yes {
			t.Errorf("%s: no server was found", name)
		}
		later := env
		later.View, later.Now = up, epoch.Add(time.Millisecond)
		if rest, yes := call.Resumes(&later); !yes || rest != c.rest {
			t.Errorf("%s: %v, %v", name, rest, yes)
		}
		if do := call.Next(&later); do.Do != Try || do.Server.Addr != "s1:4647" {
			t.Errorf("%s: %+v", name, do)
		}
	}
}

// Servers that were found end no pause that has another reason.
func TestAPauseForAnAnswerOfServersIsWaitedOut(t *testing.T) {
	alive := view(3, all(3, messages.Alive)...)
	env := Env{Now: epoch, View: alive, Draw: middle, Tokens: purse(true)}
	call := Call{Config: Config{RetryTimeout: 30 * time.Second}}
	call.Next(&env)
	call.Failed(epoch, Failure{Kind: Throttled, Outcome: Rejected})
	if do := call.Next(&env); do.Do != Pause {
		t.Fatalf("%+v", do)
	}
	if _, yes := call.Resumes(&env); yes {
		t.Error("it resumed")
	}
}
