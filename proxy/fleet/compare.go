package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Options say how a scenario is run.
type Options struct {
	Policies []Policy // default: the scenario's
	Seed     uint64   // default: the scenario's

	// Progress is called after each second of virtual time, by the goroutine that calls
	// Compare. It may be nil.
	Progress func(Progress)
}

// Progress is how far a comparison is.
type Progress struct {
	Policy Policy
	Run    int           // of the policies' runs, from 0
	Runs   int           // how many there are
	At     time.Duration // virtual time since the run began; negative in the warm-up
	For    time.Duration // the run's
	Out    int           // clients whose blocking query is on no server now
}

// Comparison is a scenario run with some policies.
type Comparison struct {
	Scenario *Scenario
	Seed     uint64
	Runs     []Run // by policy
	Results  []Result
	Cut      bool // it was interrupted: the last run did not get to its end, and there are no results
}

// Run is what came out with one policy.
type Run struct {
	Policy Policy
	Report *Report       // of the clients that were simulated
	Series *Series       // the same
	Until  time.Duration // how far the run got

	scale float64 // clients, by those that were simulated
}

// step is the virtual time after which a comparison tells how far it is.
const step = time.Second

// parts is into how many parts a step of a fleet is divided: after each the comparison looks
// whether to go on, which is to be every few milliseconds.
func parts(agents int) int { return min(max(agents/lookEach, 1), 500) }

// Compare runs a scenario once for each policy, one after the other, and looks at its
// expectations. Policies that expectations compare with are run too. It blocks until the
// end: a fleet of 1,000,000 takes minutes. The error is that of ctx, which is looked at every
// few milliseconds; with it comes what there is until then, the last run as far
// as it got, and no expectation is looked at.
func Compare(ctx context.Context, s *Scenario, o Options) (*Comparison, error) {
	asked := o.Policies
	if len(asked) == 0 {
		asked = s.Policies
	}
	policies := slices.Concat(asked, s.compared(asked))
	slices.Sort(policies)
	policies = slices.Compact(policies)
	c := &Comparison{Scenario: s, Seed: s.Config.Seed}
	if o.Seed != 0 {
		c.Seed = o.Seed
	}
	for i, p := range policies {
		run, err := c.run(ctx, p, func(f *Fleet) {
			if o.Progress != nil {
				o.Progress(Progress{Policy: p, Run: i, Runs: len(policies), At: f.Now(), For: f.cfg.For, Out: f.Out()})
			}
		})
		if run.Report != nil {
			c.Runs = append(c.Runs, run)
		}
		if err != nil {
			c.Cut = true
			return c, fmt.Errorf("fleet: %s, %v: %w", s.Name, p, err)
		}
	}
	c.judge(asked)
	return c, nil
}

// run runs the scenario with one policy.
func (c *Comparison) run(ctx context.Context, p Policy, progress func(*Fleet)) (Run, error) {
	cfg := c.Scenario.Config
	cfg.Policy, cfg.Seed = p, c.Seed
	f, err := prepare(ctx, cfg)
	if err != nil {
		return Run{}, err
	}
	for on, n := true, parts(len(f.agents)); on; progress(f) {
		for i := 0; i < n && on; i++ {
			if err := context.Cause(ctx); err != nil {
				if f.Now() <= 0 {
					return Run{}, err
				}
				return ran(f, p), err
			}
			on = f.Advance(step / time.Duration(n))
		}
	}
	return ran(f, p), nil
}

// ran is what came out of a run so far.
func ran(f *Fleet, p Policy) Run {
	return Run{Policy: p, Report: f.Report(), Series: f.Series(), Until: f.Now(), scale: float64(f.cfg.Nodes) / float64(f.cfg.Agents)}
}

// of is the run with a policy.
func (c *Comparison) of(p Policy) (Run, bool) {
	i := slices.IndexFunc(c.Runs, func(r Run) bool { return r.Policy == p })
	if i < 0 {
		return Run{}, false
	}
	return c.Runs[i], true
}
