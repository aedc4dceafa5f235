package poolcore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fate plays a core with several servers and sessions through what a seed has happen, and
// returns everything that it decided.
func fate(seed uint64) string {
	var out strings.Builder
	rng, chance := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
	now := begin
	core := New(&Config{
		Idle: idleTime, Silence: time.Second, Ping: 2 * time.Second, Drain: drainTime, Dial: limit, Corroborate: seed%2 == 0,
	}, &testEnv{chance: chance.Float64, usage: func(id uint64) Usage {
		return Usage{Busy: id%3 == 0, Used: now.Add(-time.Duration(id) * time.Second), Surplus: id%2 == 0}
	}})
	var dials []Dial
	for range 300 {
		addr, id := hole(rng.IntN(8)), rng.Uint64N(core.last+1)
		switch m := fateOf(rng, now, addr, id); {
		case m != nil:
			core.Step(now, m)
		case len(dials) > 0:
			d := dials[0]
			dials = dials[1:]
			m := Dialed{Addr: d.Addr, Session: d.Session}
			if rng.IntN(4) == 0 {
				m.Err = errNobody
			}
			core.Step(now, m)
		default:
			if at := core.Deadline(); at.After(now) {
				now = at.Add(time.Duration(rng.IntN(3)) * 20 * time.Second) // much is due at once
			}
			core.Expire(now)
		}
		for _, e := range core.Take() {
			if d, is := e.(Dial); is {
				dials = append(dials, d)
			}
			fmt.Fprintf(&out, "%T%+v\n", e, e)
		}
		fmt.Fprintln(&out, core.Deadline())
	}
	return out.String()
}

// fateOf is a message by chance; nil: a dial ends, or time passes.
func fateOf(rng *rand.Rand, now time.Time, addr string, id uint64) Message {
	switch rng.IntN(28) {
	case 0:
		return Secured{}
	case 1:
		return Retrusted{}
	case 2:
		return Keepalive{Interval: time.Duration(rng.IntN(20)) * time.Second}
	case 3:
		return Retain{Addr: addr}
	case 4:
		return Overdue{Session: id}
	case 5:
		return Late{Session: id}
	case 6:
		return Unopened{Session: id}
	case 7:
		return Checked{Distrusted: []Distrusted{{Session: id, Since: now}, {Session: id / 2, Since: now}}}
	case 8:
		return Renew{Addr: addr}
	case 9:
		return Surplus{Session: id}
	case 10:
		return Corroborated{Addr: addr}
	case 11:
		return HeartbeatTTL{TTL: time.Duration(rng.IntN(60)) * time.Second}
	case 12:
		return Leaving{Addr: addr, Session: id}
	case 13:
		return Disconnected{Addr: addr, Session: id, Err: errors.New("broken")}
	case 14:
		return DialSpread{Spread{Over: time.Duration(rng.IntN(60)) * time.Second, Servers: rng.IntN(7)}}
	case 15:
		return Proven{Addr: addr}
	case 16:
		return DialLate{Addr: addr, Session: id, Err: tooLate(addr)}
	case 17, 18, 19, 20:
		return Connect{Addr: addr, By: uint64(rng.IntN(9)), Probe: rng.IntN(2) == 0, Spare: rng.IntN(4) == 0}
	}
	return nil
}

// Nothing that is decided follows the order of a map: in a simulation of many agents each
// run is to be like the one before, to the byte.
func TestTheSameMessagesHaveTheSameEffectsInTheSameOrder(t *testing.T) {
	for seed := range uint64(4) {
		first := fate(seed)
		for i := range 100 {
			if again := fate(seed); again != first {
				t.Fatalf("seed %d: run %d has other effects (-first +now):\n%s", seed, i+2, cmp.Diff(first, again))
			}
		}
	}
}
