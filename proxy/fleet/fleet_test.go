package fleet

import (
	"bytes"
	"testing"
	"time"
)

// sample is how many of the fleet's agents are simulated. All counts of servers are for
// that many.
const sampled = 1000

// of is a sample of a fleet of so many, with what a server does for it of 1,000
// handshakes a second.
func of(nodes int) Config {
	return Config{Agents: sampled, Nodes: nodes, Handshakes: 1000 * sampled / nodes, Seed: 1, Start: 6 * time.Minute}
}

func run(t *testing.T, cfg Config) (*Fleet, *Report) {
	t.Helper()
	f := New(cfg)
	f.Run()
	r := f.Report()
	if t.Failed() || testing.Verbose() {
		var b bytes.Buffer
		r.print(&b)
		t.Log(b.String())
	}
	return f, r
}

// perServer is a number a second on one server of the whole fleet, as it is in the
// sample, and what chance adds to the peak of so few: half, and ten.
func perServer(n float64, nodes int) int {
	return int(1.5*n*sampled/float64(nodes)) + 10
}

func TestAnOutageOfTheClusterMakesNoMoreDialsThanStockAgentsMake(t *testing.T) {
	t.Parallel()
	cfg := of(10_000)
	cfg.Faults, cfg.Discovery = outageOf(time.Minute), true
	f, ours := run(t, cfg)
	cfg.Policy = Stock
	_, stock := run(t, cfg)
	if ours.Failed > stock.Failed {
		t.Errorf("%d dials failed, %d of stock agents", ours.Failed, stock.Failed)
	}
	// Blocking queries are sent again over 3.1 s, and then to another server over 9 s.
	if n := f.peakBetween(faultAt+10*time.Second, cfg.withDefaults().For); n > perServer(4*64, cfg.Nodes) {
		t.Errorf("%d dials in one second on one server", n)
	}
	if back := quantile(ours.Outages, .5) - time.Minute; back > 10*time.Second {
		t.Errorf("half of the agents are back after %v", back)
	}
	if ours.Out > 0 || ours.Missed > 0 {
		t.Errorf("%d agents are out, %d heartbeats missed", ours.Out, ours.Missed)
	}
}

func TestOneServersAgentsAreBackInTenSecondsInALargeFleet(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"shuffle": func(*Config) {}, "rendezvous": func(c *Config) { c.Policy = Rendezvous }, "fleet indexes": func(c *Config) { c.Policy = Seated },
	} {
		cfg := of(100_000)
		cfg.Faults = killed()
		change(&cfg)
		_, r := run(t, cfg)
		if most := quantile(r.Outages, 1); most > 10*time.Second || r.Out > 0 || len(r.Outages) < sampled/10 {
			t.Errorf("%s: the last of %d is back after %v, %d are out", name, len(r.Outages), most, r.Out)
		}
	}
}

func TestAFrozenServerIsLeftWithoutAHeartbeat(t *testing.T) {
	t.Parallel()
	cfg := of(10_000)
	cfg.Faults, cfg.NoBeats = frozen(4*time.Minute), true
	_, r := run(t, cfg)
	if late := quantile(r.Outages, .9); late > 45*time.Second || len(r.Outages) < sampled/10 {
		t.Errorf("nine of ten of %d have left after %v", len(r.Outages), late)
	}
}

func TestAFrozenServerIsLeftWithTheNextHeartbeat(t *testing.T) {
	t.Parallel()
	cfg := of(2000)
	cfg.Faults = frozen(4 * time.Minute)
	_, r := run(t, cfg)
	if most := quantile(r.Left, 1); most > 4*time.Second || len(r.Left) < 10 {
		t.Errorf("%d left, the last after %v", len(r.Left), most)
	}
}

func TestRoundsOfAgentsThatStartedTogetherDoNotComeTogether(t *testing.T) {
	t.Parallel()
	cfg := of(100_000)
	cfg.Start, cfg.Warm, cfg.For = time.Minute, 30*time.Minute, 20*time.Minute
	_, r := run(t, cfg)
	if most := r.BusiestRounds * float64(cfg.Nodes) / sampled; most > 80*1.5 { // so few agents vary by themselves
		t.Errorf("%.0f rounds a second", most)
	}
	if mean := r.RoundsASecond * float64(cfg.Nodes) / sampled; mean < 58 || mean > 68 {
		t.Errorf("%.0f rounds a second on average", mean)
	}
}

func TestLoadIsEvenAMinuteAfterARollingRestart(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"slow":                {Faults: rolling(5, 30*time.Second, 2*time.Minute), For: 12 * time.Minute},
		"fast":                {Faults: rolling(5, 8*time.Second, 25*time.Second), For: 6 * time.Minute},
		"slow, rendezvous":    {Faults: rolling(5, 30*time.Second, 2*time.Minute), For: 12 * time.Minute, Policy: Rendezvous},
		"fast, fleet indexes": {Faults: rolling(5, 8*time.Second, 25*time.Second), For: 6 * time.Minute, Policy: Seated},
	} {
		cfg.Agents, cfg.Nodes, cfg.Seed, cfg.Start = sampled, 10_000, 1, 6*time.Minute
		f, r := run(t, cfg)
		if most := quantile(r.Outages, 1); most > 5*time.Second || r.Out > 0 {
			t.Errorf("%s: the last is back after %v, %d are out", name, most, r.Out)
		}
		last := cfg.Faults[len(cfg.Faults)-1].At
		if worst := f.worstAfter(last + time.Minute); worst > 1.55 { // of so few agents
			t.Errorf("%s: one server has %.2f times the mean", name, worst)
		}
	}
}

// The five figures that the times between rounds were chosen for.
func TestRoundsComeAsOftenAsTheyAreMeantTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what           string
		nodes, servers int
		figure         func(*Report) float64
		want           float64
	}{
		{"rounds a second per server", 10_000, 5, func(r *Report) float64 { return r.RoundsASecond * 10 }, 13.33},
		{"nodes at which that is 64", 10_000, 5, func(r *Report) float64 { return 64 / r.RoundsASecond * sampled }, 48_000},
		{"seconds until all have had a round", 100_000, 5, func(r *Report) float64 { return quantile(r.Gaps, 1).Seconds() }, 312.5},
		{"minutes between rounds on the one server of a minority", 99_995, 1, func(r *Report) float64 { return mean(r.Gaps).Minutes() }, 26},
		{"minutes between rounds on it in a smaller fleet", 10_000, 1, func(r *Report) float64 { return mean(r.Gaps).Minutes() }, 2.6},
	} {
		if raced && c.nodes != 10_000 {
			continue // it would take a minute, and find nothing
		}
		cfg := of(c.nodes)
		cfg.Servers, cfg.Warm, cfg.For = c.servers, 60*time.Minute, 60*time.Minute
		_, r := run(t, cfg)
		if got := c.figure(r); got < c.want*.95 || got > c.want*1.05 {
			t.Errorf("%s: %.2f, want %.2f", c.what, got, c.want)
		}
	}
}

func TestAHungServerIsLeft(t *testing.T) {
	t.Parallel()
	for name, beats := range map[string]bool{"with heartbeats": true, "by the blocking query alone": false} {
		cfg := of(1000)
		cfg.For = 7 * time.Minute
		cfg.NoBeats = !beats
		cfg.Rebalance.MinInterval = time.Hour // it is left without a round
		cfg.Faults = []Fault{{faultAt, func(f *Fleet) { f.Hang(1) }}}
		f, r := run(t, cfg)
		if r.Out > 0 || len(r.Outages) < sampled/10 || f.servers[1].active > 0 {
			t.Errorf("%s: %d of %d agents that were on it are out, %d have it in front", name, r.Out, len(r.Outages), f.servers[1].active)
		}
	}
}
