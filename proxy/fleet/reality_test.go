//go:build reality

package fleet_test

import (
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

var realScenarios = []struct{ name, text string }{
	{"outage", "for 2m\noutage 60s"},
	{"rolling restart", "for 2m45s\nroll every 25s down 8s"},
	// testutil's followers pass nothing on to a leader that hangs: another one leads before.
	{"hang", "for 2m30s\nat 1s freeze 1\nat 5s thaw 1\nat 30s hang 1\nat 1m30s unhang 1"},
	{"freeze", "for 2m\nat 10s freeze 2\nat 1m10s thaw 2"},
}

// Real proxies on real connections do what the simulation of the same scenario does: see
// bands.misfits for what that means. By chance alone a figure of a true simulation is
// refused once in a thousand times.
//
// A verdict means nothing unless fleets that are not the simulated one are told apart.
func TestRealFleetsAreWithinWhatIsSimulated(t *testing.T) {
	for _, s := range realScenarios {
		t.Run(s.name, func(t *testing.T) {
			scenario := parseReal(t, s.name, s.text)
			simulated := simulations(scenario)
			for name, change := range otherFleets {
				if v := simulated.judge(simulatedCourse(scenario, 0, change)); v.fits() {
					t.Errorf("%s are not told apart:\n%s", name, v)
				}
			}
			if v := simulated.judge(simulatedCourse(scenario, 0, fleet.WithoutBackoff)); v.fits() && s.name == "outage" {
				t.Errorf("clients that hurry are not told apart:\n%s", v)
			}
			t.Parallel() // from here on: simulations need all of the machine
			simulated.judge(realCourse(t, scenario)).check(t)
		})
	}
}

// otherFleets are not as the simulated one is.
var otherFleets = map[string]func(*fleet.Config){
	"stock clients":            func(c *fleet.Config) { c.Policy = fleet.Stock },
	"a third more":             func(c *fleet.Config) { c.Agents += c.Agents / 3 },
	"clients of sound servers": func(c *fleet.Config) { c.Faults = nil },
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
