package heartbeat

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

// Two cores get the same, one with a clock that is set forward and back at each look: they
// do the same at the same times.
func TestNothingDependsOnTheTimeOfDay(t *testing.T) {
	for seed := range uint64(20) {
		begin := stepped.Start()
		var wall stepped.Clock
		fresh := func(at time.Time) core {
			return newCore(at, rand.New(rand.NewPCG(seed, 1)), fleet{}, tokens{secret: "secret"})
		}
		right, set := fresh(begin), fresh(wall.Read(begin))
		rng, now := rand.New(rand.NewPCG(seed, 2)), begin
		for range 300 {
			at, _ := right.next()
			other, _ := set.next()
			if at.IsZero() != other.IsZero() || !at.IsZero() && at.Sub(begin) != other.Sub(begin) {
				t.Fatalf("seed %d: the next call is due after %v, and with the clock set after %v", seed, at.Sub(begin), other.Sub(begin))
			}
			if !at.IsZero() && at.After(now) {
				now = at
			}
			made, ok := right.begin(now)
			if again, also := set.begin(wall.Read(now)); again.kind != made.kind || ok != also {
				t.Fatalf("seed %d: %v %v, and with the clock set %v %v", seed, made.kind, ok, again.kind, also)
			}
			now = now.Add(time.Duration(rng.Int64N(int64(20 * time.Second))))
			if !ok {
				continue
			}
			from := []messages.Server{a, b}[rng.IntN(2)]
			if rng.IntN(3) == 0 {
				right.callFailed(now, unreachable)
				set.callFailed(wall.Read(now), unreachable)
				continue
			}
			reply := nodeReply{HeartbeatTTL: time.Duration(rng.IntN(20)) * time.Second, NumNodes: 3, Servers: make([]messages.ServerInfo, 3)}
			late, _ := right.callReplied(now, &reply, from)
			if also, _ := set.callReplied(wall.Read(now), &reply, from); late != also {
				t.Fatalf("seed %d: late by %v, and with the clock set by %v", seed, late, also)
			}
		}
	}
}
