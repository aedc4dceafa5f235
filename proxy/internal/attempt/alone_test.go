package attempt

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

var start = time.Unix(1_800_000_000, 0)

type plenty struct{}

func (plenty) Spend() bool { return true }

// large is what a decision depends on in a fleet so large that a pause of the call's own
// would be long.
func large(t *testing.T, now time.Time) *Env {
	t.Helper()
	var ranked []messages.Ranked
	for _, addr := range []string{"10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647"} {
		s, err := messages.ParseServer(addr)
		if err != nil {
			t.Fatal(err)
		}
		ranked = append(ranked, messages.Ranked{Server: s, Health: messages.Unknown})
	}
	return &Env{
		Now: now, View: messages.NewView(1, ranked, 0, 100_000, ""), Tokens: plenty{},
		Draw: func(n int64) int64 { return n - 1 }, // the longest
	}
}

func TestACallWaitsForTheFirstDialAndNoLonger(t *testing.T) {
	for name, cfg := range map[string]Config{
		"blocking query": {Block: 5 * time.Minute}, "prompt call": {}, "heartbeat": {AnswerBy: start.Add(time.Minute)},
	} {
		cfg.RetryTimeout, cfg.Repeatable, cfg.Paced = time.Hour, true, true
		c := Call{Config: cfg}
		for _, until := range []time.Duration{40 * time.Second, 25 * time.Second, 30 * time.Second} {
			if do := c.Next(large(t, start)); do.Do != Try {
				t.Fatalf("%s: %+v", name, do)
			}
			c.Failed(start, Failure{Kind: Lost, Outcome: NotSent, Until: start.Add(until)})
		}
		if do := c.Next(large(t, start)); do.Do != Pause || do.For < 25*time.Second || do.For >= 25*time.Second+pauseFirst {
			t.Errorf("%s: %+v", name, do)
		}
	}
}

func TestAFailureThatOtherAgentsDoNotMeetIsNotSpread(t *testing.T) {
	for _, silent := range []bool{false, true} {
		c := Call{Config: Config{Block: 5 * time.Minute, Repeatable: true, RetryTimeout: time.Minute}}
		c.Next(large(t, start))
		c.Failed(start.Add(time.Minute), Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: !silent, Silent: silent})
		if do := c.Next(large(t, start.Add(time.Minute))); (do.Do == Try) != silent {
			t.Errorf("silent %v: %+v", silent, do)
		}
	}
}

// In a large fleet, a new blocking query of an agent that reaches no server waits before
// it is sent, unless its dials are paced.
func TestANewQueryIsSentAtOnceWhereDialsArePaced(t *testing.T) {
	for _, paced := range []bool{false, true} {
		env := large(t, start)
		var ranked []messages.Ranked
		for r := range env.View.Ranking() {
			r.Health = messages.Failed
			ranked = append(ranked, r)
		}
		env.View = messages.NewView(1, ranked, 0, 100_000, "")
		c := Call{Config: Config{Block: 5 * time.Minute, Repeatable: true, RetryTimeout: time.Hour, Paced: paced}}
		if do := c.Next(env); (do.Do == Try) != paced {
			t.Errorf("paced %v: %+v", paced, do)
		}
	}
}

// In a rolling restart the servers that were left before count as failed, and most of
// them are back.
func TestTheFirstPauseIsShortWhereAllOtherServersCountAsFailed(t *testing.T) {
	env := large(t, start.Add(time.Minute))
	var ranked []messages.Ranked
	for r := range env.View.Ranking() {
		r.Health = messages.Failed
		ranked = append(ranked, r)
	}
	for _, paced := range []bool{false, true} {
		c := Call{Config: Config{Block: 5 * time.Minute, Repeatable: true, RetryTimeout: time.Hour, Paced: paced}}
		c.Next(large(t, start))
		c.Failed(env.Now, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
		env.View = messages.NewView(2, ranked, 0, 100_000, "")
		if do := c.Next(env); do.Do != Pause || do.For > spreadFirst {
			t.Errorf("paced %v: %+v", paced, do)
		}
	}
}

func TestACallThatRacedWaitsForTheFirstOfAllThatAreLeftAlone(t *testing.T) {
	c := Call{Config: Config{RetryTimeout: time.Hour, Repeatable: true, Paced: true}}
	env := large(t, start)
	first := c.Next(env).Server
	for i, s := range c.Order(env.View)[1:] {
		c.Unreached(s, start.Add(time.Duration(2-i)*time.Second))
	}
	c.Unreached(first, start)
	c.Failed(start, Failure{Kind: Lost, Outcome: NotSent, Until: start.Add(40 * time.Second)})
	if do := c.Next(env); do.Do != Pause || do.For < time.Second || do.For >= time.Second+pauseFirst {
		t.Errorf("%+v", do)
	}
}
