package actor_test

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// script is a Behavior made of functions; those that are nil do nothing.
type script[M any] struct {
	step     func(now time.Time, m M)
	expire   func(now time.Time)
	deadline func() time.Time
	stop     func(cause error)
}

func (s script[M]) Step(now time.Time, m M) {
	if s.step != nil {
		s.step(now, m)
	}
}

func (s script[M]) Expire(now time.Time) {
	if s.expire != nil {
		s.expire(now)
	}
}

func (s script[M]) Deadline() time.Time {
	if s.deadline != nil {
		return s.deadline()
	}
	return time.Time{}
}

func (s script[M]) Stop(cause error) {
	if s.stop != nil {
		s.stop(cause)
	}
}

// play spawns an actor that runs s.
func play[M any](size int, s script[M]) *actor.Actor[M] {
	return actor.Spawn(size, func(actor.Self[M]) actor.Behavior[M] { return s })
}

// question is a message that wants its number back.
type question struct {
	n     int
	reply actor.Reply[int]
}

func ask(n int) func(actor.Reply[int]) question {
	return func(r actor.Reply[int]) question { return question{n: n, reply: r} }
}

// blocker is an actor whose steps wait until release is closed. taken reports that
// it has begun one.
func blocker(size int) (a *actor.Actor[int], taken chan int, release chan struct{}) {
	taken, release = make(chan int, 16), make(chan struct{})
	a = play(size, script[int]{step: func(_ time.Time, m int) {
		taken <- m
		<-release
	}})
	return a, taken, release
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if got != want {
		t.Fatalf("error %v, want %v", got, want)
	}
}
