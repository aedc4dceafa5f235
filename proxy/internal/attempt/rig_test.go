package attempt

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// epoch is when the tests' time begins.
var epoch = time.Unix(1_800_000_000, 0)

// view is a list of servers in a cluster of so many nodes, with these states.
func view(nodes int, health ...messages.Health) *messages.View {
	ranking, active := make([]messages.Ranked, len(health)), -1
	for i, h := range health {
		ranking[i] = messages.Ranked{Server: messages.Server{Addr: fmt.Sprintf("s%d:4647", i)}, Health: h}
		if active < 0 && hopeful(h) {
			active = i
		}
	}
	if active < 0 && len(ranking) > 0 {
		active = 0
	}
	return messages.NewView(1, ranking, active, nodes, "")
}

// all is the same health of n servers.
func all(n int, h messages.Health) []messages.Health {
	out := make([]messages.Health, n)
	for i := range out {
		out[i] = h
	}
	return out
}

// purse has tokens without end, or none.
type purse bool

func (p purse) Spend() bool { return bool(p) }

// middle draws what is in the middle.
func middle(n int64) int64 { return n / 2 }

func chance(seed uint64) func(int64) int64 { return rand.New(rand.NewPCG(seed, seed)).Int64N }

// attempted is one attempt of a run.
type attempted struct {
	at    time.Duration
	addr  string
	limit time.Duration
}

// world is what a call meets.
type world struct {
	view func(at time.Duration) *messages.View
	draw func(int64) int64
	pace time.Duration
	poor bool

	// meets is how an attempt goes: after how long it fails so, or is answered.
	meets func(a attempted) (took time.Duration, f Failure, ok bool)
}

// run carries a call from start until it ends, in virtual time.
func (w world) run(t testing.TB, c *Call, start time.Duration) (made []attempted, ended time.Duration, why Reason, ok bool) {
	t.Helper()
	at := start
	for range 100_000 {
		do := c.Next(&Env{Now: epoch.Add(at), View: w.view(at), Draw: w.draw, Tokens: purse(!w.poor), Pace: w.pace})
		switch do.Do {
		case Try:
			a := attempted{at: at, addr: do.Server.Addr, limit: do.Limit}
			made = append(made, a)
			took, f, answered := w.meets(a)
			if do.Limit > 0 && took >= do.Limit {
				took, f, answered = do.Limit, Failure{Kind: Cut, Outcome: MaybeExecuted}, false
			}
			if at += took; !c.Deadline.IsZero() && !epoch.Add(at).Before(c.Deadline) {
				return made, c.Deadline.Sub(epoch), ReasonNoTime, false
			}
			if answered {
				return made, at, 0, true
			}
			c.Failed(epoch.Add(at), f)
		case Pause, Await:
			if do.For < 0 {
				t.Fatalf("a pause of %v", do.For)
			}
			at += do.For
		case GiveUp:
			return made, at, do.Reason, false
		}
	}
	t.Fatal("the call does not end")
	return nil, 0, 0, false
}

// refused is a dial that no server answers.
func refused(attempted) (time.Duration, Failure, bool) {
	return time.Millisecond, Failure{Kind: Lost, Outcome: NotSent}, false
}

// always is a view that does not change.
func always(v *messages.View) func(time.Duration) *messages.View {
	return func(time.Duration) *messages.View { return v }
}
