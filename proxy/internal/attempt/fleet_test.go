package attempt

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// outage is what the queries of a fleet do whose servers are all down for a while: how
// many dials were refused, the most that came to one server within a second after they
// are back, and how long after that an agent in the middle was back.
func outage(t *testing.T, agents, servers int, down time.Duration) (refusals, peak int, median time.Duration) {
	t.Helper()
	var back, dials []time.Duration
	for i := range agents {
		health := all(servers, messages.Alive)
		health[0] = messages.Failed // its session broke
		w := world{
			view: func(time.Duration) *messages.View { return view(agents, health...) },
			draw: chance(uint64(i + 1)),
		}
		w.meets = func(a attempted) (time.Duration, Failure, bool) {
			if a.at >= down {
				dials = append(dials, a.at)
				return 0, Failure{}, true
			}
			refusals++
			for k := range health {
				if a.addr == view(agents, health...).Addrs()[k] {
					health[k] = messages.Failed
				}
			}
			return time.Millisecond, Failure{Kind: Lost, Outcome: NotSent}, false
		}
		at := time.Duration(0)
		for first := true; ; first = false {
			call := Call{Config: Config{Repeatable: true, Block: 5 * time.Minute, RetryTimeout: 30 * time.Second}}
			if first { // under way when the session broke
				env := Env{Now: epoch.Add(-time.Minute), View: view(agents, all(servers, messages.Alive)...), Draw: w.draw, Tokens: purse(true)}
				call.Next(&env)
				call.Failed(epoch, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
			}
			_, ended, _, ok := w.run(t, &call, at)
			if at = ended; ok {
				break
			}
			at += time.Second // its caller makes it again
		}
		back = append(back, at-down)
	}
	slices.Sort(back)
	slices.Sort(dials)
	for i, at := range dials {
		n, _ := slices.BinarySearch(dials[i:], at+time.Second)
		peak = max(peak, n/servers)
	}
	return refusals, peak, back[len(back)/2]
}

func TestAFleetDoesNotHammerServersThatAreDown(t *testing.T) {
	refusals, peak, median := outage(t, 10_000, 5, time.Minute)
	t.Logf("%d refusals, %d a second on a server when they are back, %v in the middle", refusals, peak, median)
	if refusals > 6*10_000 || peak > 256 || median > 10*time.Second {
		t.Errorf("%d refusals, %d a second on a server when they are back, %v in the middle", refusals, peak, median)
	}
}

// One of five servers is killed: those of its agents that had a query there go to the
// others, which take a thousand sessions a second.
func TestQueriesOfAKilledServerComeOneAfterTheOther(t *testing.T) {
	for _, agents := range []int{1000, 10_000, 100_000} {
		alive := all(5, messages.Alive)
		alive[0] = messages.Failed
		v := view(agents, alive...)
		perSecond := map[time.Duration]int{}
		for i := range agents / 5 {
			call := Call{Config: Config{Repeatable: true, Block: 5 * time.Minute, RetryTimeout: 30 * time.Second}}
			env := Env{Now: epoch.Add(-time.Minute), View: v, Draw: chance(uint64(i)), Tokens: purse(true)}
			call.Next(&env)
			call.Failed(epoch, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
			env.Now = epoch
			do := call.Next(&env)
			if do.Do == Pause && do.For > spreadFirst {
				t.Fatalf("%d agents: a pause of %v", agents, do.For)
			}
			perSecond[do.For/time.Second]++
		}
		for s, n := range perSecond {
			if n/4 > 1000 {
				t.Errorf("%d agents: %d come to each of four servers in second %d", agents, n/4, s)
			}
		}
	}
	// Few agents come at once, and prompt calls do in any fleet.
	for name, c := range map[string]struct {
		nodes int
		Config
	}{
		"a small fleet": {137, Config{Block: 5 * time.Minute}}, "a prompt call": {100_000, Config{}}, "a heartbeat": {100_000, Config{AnswerBy: epoch.Add(time.Minute)}},
	} {
		c.Repeatable, c.RetryTimeout = true, 30*time.Second
		call := Call{Config: c.Config}
		env := Env{Now: epoch, View: view(c.nodes, messages.Failed, messages.Alive, messages.Alive), Draw: middle, Tokens: purse(true)}
		call.Next(&env)
		call.Failed(epoch, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
		if do := call.Next(&env); do.Do != Try {
			t.Errorf("%s: %+v", name, do)
		}
	}
}
