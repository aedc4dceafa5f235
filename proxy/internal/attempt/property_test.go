package attempt

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// With any servers and any lists: no call goes on without end, to a server that is
// unknown, or again where it must not be; limits and pauses are times; and no more
// servers than that break under one.
func TestNoCallDoesHarm(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 7))
		random := func() *messages.View {
			health := make([]messages.Health, 1+rng.IntN(6))
			for i := range health {
				health[i] = messages.Health(rng.IntN(4))
			}
			return view(rng.IntN(200_000), health...)
		}
		call := Call{Config: Config{Repeatable: rng.IntN(3) > 0, RetryTimeout: 30 * time.Second}}
		if rng.IntN(3) == 0 {
			call.Block = time.Duration(rng.IntN(600)) * time.Second
		}
		if rng.IntN(3) == 0 {
			call.AnswerBy = epoch.Add(time.Duration(rng.IntN(20)) * time.Second)
		}
		if rng.IntN(2) == 0 {
			call.Deadline = epoch.Add(time.Duration(rng.IntN(120)) * time.Second)
		}
		now, list := epoch, random()
		var broke []string
		sent := false // and it may have been executed
		for step := 0; ; step++ {
			if step > 5000 {
				t.Fatalf("seed %d: it does not end", seed)
			}
			if rng.IntN(4) == 0 {
				list = random()
			}
			env := Env{Now: now, View: list, Draw: rng.Int64N, Tokens: purse(rng.IntN(5) > 0), Pace: time.Duration(rng.Int64N(int64(3 * time.Second)))}
			do := call.Next(&env)
			if do.Do == GiveUp {
				break
			}
			if do.For < 0 || do.Limit < 0 {
				t.Fatalf("seed %d: %+v", seed, do)
			}
			if do.Do != Try {
				if now = now.Add(do.For); !call.Deadline.IsZero() && !now.Before(call.Deadline) {
					break
				}
				continue
			}
			switch {
			case !list.Contains(do.Server):
				t.Fatalf("seed %d: to %v, which is not in the list", seed, do.Server)
			case sent && !call.Repeatable:
				t.Fatalf("seed %d: sent again", seed)
			}
			took := time.Duration(rng.Int64N(int64(10 * time.Second)))
			f := Failure{Kind: Kind(rng.IntN(int(Throttled) + 1)), Outcome: Outcome(rng.IntN(3))}
			if f.Kind == Final && rng.IntN(3) > 0 {
				f.Kind = Lost
			}
			if f.Kind == Limited || f.Kind == Throttled {
				f.Outcome = Rejected
			}
			f.Broke = f.Kind == Lost && f.Outcome == MaybeExecuted
			now = now.Add(took)
			call.Failed(now, f)
			if call.blocked {
				broke = broke[:0]
			} else if f.Broke && !slices.Contains(broke, do.Server.Addr) {
				broke = append(broke, do.Server.Addr)
			}
			if len(broke) > mostBroken {
				t.Fatalf("seed %d: it broke %v", seed, broke)
			}
			sent = sent || f.Outcome == MaybeExecuted
			if !call.Deadline.IsZero() && !now.Before(call.Deadline) {
				break
			}
		}
	}
}

// The first attempt is what nearly every call makes.
func TestTheFirstAttemptAllocatesNothing(t *testing.T) {
	env := Env{Now: epoch, View: view(3, all(5, messages.Alive)...), Draw: middle, Tokens: purse(true)}
	for _, cfg := range []Config{
		{Repeatable: true, RetryTimeout: time.Minute},
		{Deadline: epoch.Add(time.Minute)},
		{Block: time.Minute, Repeatable: true},
		{AnswerBy: epoch.Add(time.Minute), Repeatable: true},
	} {
		if n := testing.AllocsPerRun(100, func() {
			call := Call{Config: cfg}
			if do := call.Next(&env); do.Do != Try {
				t.Error(do)
			}
			call.Answered(epoch)
		}); n != 0 {
			t.Errorf("%+v: %v allocations", cfg, n)
		}
	}
}
