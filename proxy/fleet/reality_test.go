//go:build reality

package fleet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// realFleet is what all scenarios here have in common.
const realFleet = `
clients 150
servers 5 rtt 1ms
start over 20s
warm 1m
`

var realScenarios = []struct {
	name, text string
	same       []string // of others: what makes no difference there
}{
	{"outage", "for 2m\noutage 60s", nil},
	{"rolling restart", "for 2m45s\nroll every 25s down 8s", []string{backoffOff}},
	// testutil's followers pass nothing on to a leader that hangs: another one leads before.
	{"hang", "for 2m30s\nat 1s freeze 1\nat 5s thaw 1\nat 30s hang 1\nat 1m30s unhang 1", noneIsRefused},
	{"freeze", "for 2m\nat 10s freeze 2\nat 1m10s thaw 2", noneIsRefused},
}

// noneIsRefused is of scenarios in which no server dies.
var noneIsRefused = []string{backoffOff, oneMoreDial, noHold}

// Real proxies on real connections do what the simulation of the same scenario does: each
// misfit of theirs (misfits) is one that 99 % of the simulated runs stay within, too. One that is
// not must be outside again in a second run: so one of the ten that a scenario has is refused
// by chance once in a thousand times.
func TestRealFleetsAreWithinWhatIsSimulated(t *testing.T) {
	for _, s := range realScenarios {
		t.Run(s.name, func(t *testing.T) {
			scenario := parseReal(t, s.name, s.text)
			simulated := simulations(scenario)
			tellsApart(t, scenario, simulated, s.same)
			t.Parallel() // from here on: simulations need all of the machine
			run := realCourse(t, scenario)
			if run == nil {
				t.Skipf("there is no verdict: the machine stood still in each of %d runs", realRuns)
			}
			first := simulated.judge(run)
			t.Logf("\n%s", first)
			if len(first.outside()) == 0 {
				return
			}
			if run = realCourse(t, scenario); run == nil {
				t.Fatalf("the first run was outside in %q, and the machine stood still in each of %d others that were to confirm it", first.outside(), realRuns)
			}
			second := simulated.judge(run)
			t.Logf("outside: %v; the second run:\n%s", first.outside(), second)
			if twice := inBoth(first.outside(), second.outside()); len(twice) > 0 {
				t.Errorf("reality is not as it is simulated: %v", twice)
			}
		})
	}
}

// tellsApart fails unless simulations that are true are accepted as real runs are, and those
// refused that are not: else the verdict means nothing.
func tellsApart(t *testing.T, s *fleet.Scenario, simulated *bands, same []string) {
	t.Helper()
	refused := 0
	for i := 0; i+1 < len(simulated.jury); i += 2 {
		if one, other := simulated.outside(simulated.jury[i]), simulated.outside(simulated.jury[i+1]); len(inBoth(one, other)) > 0 {
			refused++
		}
	}
	if most := len(simulated.jury) / 100; refused > most {
		t.Errorf("%d of %d pairs of true simulations are refused, more than %d", refused, len(simulated.jury)/2, most)
	}
	outside := func(seed uint64, change func(*fleet.Config)) []string {
		return simulated.judge(simulatedCourse(s, seed, change)).outside()
	}
	for name, change := range others() {
		twice := inBoth(outside(1, change), outside(2, change))
		if t.Logf("%s: %q", name, twice); len(twice) == 0 && !slices.Contains(same, name) {
			t.Errorf("%s: it is not told apart", name)
		}
	}
}

const (
	backoffOff  = "back-off off"
	oneMoreDial = "one more dial per failure"
	noHold      = "no hold"
)

// others are fleets that are not as the simulated one is, and models that are wrong.
func others() map[string]func(*fleet.Config) {
	return map[string]func(*fleet.Config){
		"stock clients":            func(c *fleet.Config) { c.Policy = fleet.Stock },
		"a third more":             func(c *fleet.Config) { c.Agents += c.Agents / 3 },
		"clients of sound servers": func(c *fleet.Config) { c.Faults = nil },
		"jitter off":               fleet.WithoutJitter,
		backoffOff:                 fleet.WithoutBackoff,
		oneMoreDial:                fleet.DialingTwice,
		noHold:                     fleet.WithoutHold,
	}
}

func parseReal(t *testing.T, name, text string) *fleet.Scenario {
	t.Helper()
	s, err := fleet.Parse(name, []byte(realFleet+text))
	if err != nil {
		t.Fatal(err)
	}
	s.Config.Forget = time.Nanosecond // testutil's servers name those that live
	return s
}

// seconds is how long a scenario is, in seconds.
func seconds(s *fleet.Scenario) int { return int(s.Config.For / time.Second) }
