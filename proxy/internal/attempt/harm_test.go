package attempt

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// killing is a request that kills its server after a while; the dead refuse dials until
// they are back.
type killing struct {
	after, back time.Duration
	died        map[string]time.Duration
	kills       int
}

func (k *killing) meet(a attempted) (time.Duration, Failure, bool) {
	if at, dead := k.died[a.addr]; dead && a.at < at+k.back {
		return time.Millisecond, Failure{Kind: Lost, Outcome: NotSent}, false
	}
	k.died[a.addr] = a.at + k.after
	k.kills++
	return k.after, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true}, false
}

func TestARequestThatKillsServersIsKeptToTwoOfThem(t *testing.T) {
	for name, c := range map[string]struct {
		Config
		after, back time.Duration
		kills       int
	}{
		"at once":                   {Config{}, time.Millisecond, time.Hour, 2},
		"slowly":                    {Config{}, 3 * time.Second, time.Hour, 2},
		"of a minute":               {Config{Deadline: epoch.Add(time.Minute)}, time.Millisecond, time.Hour, 2},
		"with a soft deadline":      {Config{AnswerBy: epoch.Add(5 * time.Second)}, time.Millisecond, time.Hour, 2},
		"restarted at once":         {Config{}, time.Millisecond, time.Second, mostBreaks},
		"a query, soon after":       {Config{Block: 5 * time.Minute}, 4 * time.Second, time.Hour, 2},
		"a query, restarted, small": {Config{Block: 5 * time.Minute}, time.Second, 2 * time.Second, mostBreaks},
	} {
		c.Repeatable, c.RetryTimeout = true, 30*time.Second
		k := killing{after: c.after, back: c.back, died: map[string]time.Duration{}}
		call := Call{Config: c.Config}
		made, _, why, ok := world{view: always(view(3, all(5, messages.Alive)...)), draw: chance(1), meets: k.meet}.run(t, &call, 0)
		if ok || why != ReasonBreaks && c.Deadline.IsZero() || k.kills != c.kills || len(k.died) > mostBroken {
			t.Errorf("%s: %d kills of %d servers, ended for %v after %d attempts", name, k.kills, len(k.died), why, len(made))
		}
	}
}

// Servers are restarted one after the other: a query breaks with each of them, after it
// was blocked there, and is not to blame. So it is with a read that takes its time.
func TestARollingRestartEndsNoCall(t *testing.T) {
	broke := 0
	query := Call{Config: Config{Repeatable: true, Block: 5 * time.Minute, RetryTimeout: 30 * time.Second}}
	_, _, why, ok := world{view: always(view(3, all(5, messages.Alive)...)), draw: chance(1), meets: func(attempted) (time.Duration, Failure, bool) {
		if broke++; broke > 20 {
			return time.Minute, Failure{}, true
		}
		return 30 * time.Second, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true}, false
	}}.run(t, &query, 0)
	if !ok {
		t.Errorf("a query that was blocked at each of %d servers ended for %v", broke, why)
	}
	k := killing{after: time.Second, back: 3 * time.Second, died: map[string]time.Duration{}}
	read := Call{Config: Config{Repeatable: true, RetryTimeout: 30 * time.Second}}
	made, at, why, ok := world{view: always(view(3, all(5, messages.Alive)...)), draw: chance(1), meets: func(a attempted) (time.Duration, Failure, bool) {
		if k.kills == 2 && a.at >= k.died[a.addr]+k.back {
			return time.Second, Failure{}, true // it has been restarted
		}
		return k.meet(a)
	}}.run(t, &read, 0)
	if !ok || at > 10*time.Second {
		t.Errorf("a read over two restarts ended for %v after %v: %v", why, at, made)
	}
}

// A path that is cut for a moment breaks connections, too.
func TestAServerThatIsBackMayHaveTheCallAgain(t *testing.T) {
	n := 0
	call := Call{Config: Config{Repeatable: true, RetryTimeout: 30 * time.Second}}
	made, _, _, ok := world{view: always(view(3, all(2, messages.Alive)...)), draw: chance(1), meets: func(attempted) (time.Duration, Failure, bool) {
		if n++; n < mostBreaks {
			return time.Millisecond, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true}, false
		}
		return time.Millisecond, Failure{}, true
	}}.run(t, &call, 0)
	if !ok || len(made) != mostBreaks {
		t.Errorf("%v", made)
	}
}

func TestACallIsUnansweredByThreeServersAtMost(t *testing.T) {
	seen := map[string]bool{}
	call := Call{Config: Config{Repeatable: true, Deadline: epoch.Add(time.Minute)}}
	world{view: always(view(3, all(9, messages.Alive)...)), draw: chance(1), meets: func(a attempted) (time.Duration, Failure, bool) {
		seen[a.addr] = true
		return time.Hour, Failure{}, false
	}}.run(t, &call, 0)
	if len(seen) != mostUnheard {
		t.Errorf("%d servers have it", len(seen))
	}
}

// A connection that broke soon after a query was sent is forgotten once one was blocked.
func TestAQueryThatWasBlockedBeginsToCountAnew(t *testing.T) {
	n := 0
	query := Call{Config: Config{Repeatable: true, Block: time.Hour, RetryTimeout: 30 * time.Second}}
	_, _, why, ok := world{view: always(view(3, all(5, messages.Alive)...)), draw: chance(1), meets: func(attempted) (time.Duration, Failure, bool) {
		if n++; n > 20 {
			return time.Minute, Failure{}, true
		}
		return time.Duration(n%2) * time.Minute, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true}, false
	}}.run(t, &query, 0)
	if !ok {
		t.Errorf("after %d attempts it ended for %v", n, why)
	}
}

// So it is where the query was not lost, but moved with its agent's server.
func TestAQueryThatWasBlockedUntilItMovedBeginsToCountAnew(t *testing.T) {
	const held = 4 * time.Second
	view := view(3, all(5, messages.Alive)...)
	query := Call{Config: Config{Repeatable: true, Block: time.Hour, RetryTimeout: 30 * time.Second}}
	at, env := epoch, func(at time.Time) *Env { return &Env{Now: at, View: view, Draw: middle, Tokens: purse(true)} }
	for round := range 10 {
		do := query.Next(env(at))
		if do.Do != Try {
			t.Fatalf("round %d: %+v", round, do)
		}
		at = at.Add(time.Minute)
		query.Moved(at)
		if do = query.Next(env(at)); do.Do != Try || query.Attempts() != 1 {
			t.Fatalf("round %d, moved: %+v, attempt %d", round, do, query.Attempts())
		}
		at = at.Add(held) // too short for its end to be forgotten at once
		query.Failed(at, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
		if query.confined(false) {
			t.Fatalf("round %d: kept to %v, whatever held it for a minute", round, query.asked)
		}
	}
}

// Servers die for good, one soon after the other, and a query was at two of them: it ends
// soon, however large the fleet is, so that its caller may have it made elsewhere.
func TestAQueryThatIsKeptToDeadServersEndsSoon(t *testing.T) {
	for _, nodes := range []int{3, 10_000, 1_000_000} {
		query := Call{Config: Config{Repeatable: true, Paced: true, Block: 5 * time.Minute, RetryTimeout: 30 * time.Second}}
		k := killing{after: 2 * time.Second, back: 24 * time.Hour, died: map[string]time.Duration{}}
		_, at, why, ok := world{view: always(view(nodes, all(5, messages.Alive)...)), draw: chance(1), meets: k.meet}.run(t, &query, 0)
		last := time.Duration(0)
		for _, died := range k.died {
			last = max(last, died)
		}
		if ok || why != ReasonBreaks || k.kills != mostBroken || at > last+confinedMost {
			t.Errorf("%d nodes: %d kills, the last one at %v; ended at %v for %v", nodes, k.kills, last, at, why)
		}
	}
}
