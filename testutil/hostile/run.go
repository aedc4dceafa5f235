package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// result is that of one scenario.
type result struct {
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Took     time.Duration `json:"took_ns"`
	Bound    bound         `json:"bound"`
	Breaches []string      `json:"breaches"` // what was out of bounds; empty: nothing
	account
}

// rig runs scenarios.
type rig struct {
	good  *testutil.Server // the one that each agent turns to at the end
	plant string
}

func newRig(plant string) (*rig, error) {
	good, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		return nil, err
	}
	return &rig{good: good, plant: plant}, nil
}

func (r *rig) close() error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	return r.good.Stop(ctx)
}

// run runs one scenario. The error is that it could not be run.
func (r *rig) run(ctx context.Context, s *scenario) (result, error) {
	res := result{Kind: s.kind.String(), Name: s.name, Bound: s.bound(), Breaches: []string{}}
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in the system's own place for such
	begin := time.Now()
	attacker, err := launch("attacker", order{Scenario: s.String(), Dir: dir})
	if err != nil {
		return res, err
	}
	defer attacker.end()
	var t target
	line, err := attacker.await("the target", patience)
	if err == nil {
		err = json.Unmarshal([]byte(line), &t)
	}
	if err != nil {
		return res, fmt.Errorf("%v: the attacker: %w", s, err)
	}
	if t.Good == "" {
		t.Good = r.good.Addr()
	}
	victim, err := launch("victim", order{Scenario: s.String(), Target: t, Plant: r.plant})
	if err != nil {
		return res, err
	}
	defer victim.end()
	if err := r.watch(ctx, s, attacker, victim, &res); err != nil {
		return res, err
	}
	res.Took = time.Since(begin)
	res.judge()
	return res, ctx.Err()
}

// afterwards is how long the agent goes on when the attack is over.
const afterwards = 300 * time.Millisecond

// watch goes along with the agent from its start to its account. The error is that the
// attacker has ended, so that nothing was shown.
func (r *rig) watch(ctx context.Context, s *scenario, attacker, victim *process, res *result) error {
	line, err := victim.await("its start", patience)
	if err == nil && line == wordUp {
		attacker.say(wordUp)
		attack := time.NewTimer(s.duration())
		defer attack.Stop()
		select {
		case <-attack.C:
		case _, ok := <-attacker.lines: // it is over, but what it sent is still under way
			if !ok {
				return fmt.Errorf("%v: the attacker ended: %s", s, attacker.log)
			}
			rest := time.NewTimer(min(s.duration(), afterwards))
			defer rest.Stop()
			select {
			case <-rest.C:
			case <-ctx.Done():
			}
		case <-ctx.Done():
		case line, ok := <-victim.lines: // it has ended, or was ended
			if !ok {
				res.Fault = fmt.Sprintf("the process died: %s", victim.log)
				return nil
			}
			res.read(line)
			return nil
		}
		victim.say(wordEnd)
		line, err = victim.await("its account", 5*patience)
	}
	if err != nil {
		res.Fault = fmt.Sprintf("the process died, or hangs: %v", err)
		return nil
	}
	res.read(line)
	return nil
}

func (r *result) read(line string) {
	if err := json.Unmarshal([]byte(line), &r.account); err != nil {
		r.Fault = fmt.Sprintf("its account cannot be read: %v", err)
	}
}

// judge compares what was used with the bounds.
func (r *result) judge() {
	breach := func(format string, args ...any) { r.Breaches = append(r.Breaches, fmt.Sprintf(format, args...)) }
	if r.Used.RSS > r.Bound.RSS {
		breach("memory: %d MiB, the bound is %d", r.Used.RSS/mebi, r.Bound.RSS/mebi)
	}
	if r.Used.Goroutines > r.Bound.Goroutines {
		breach("goroutines: %d, the bound is %d", r.Used.Goroutines, r.Bound.Goroutines)
	}
	if r.Used.Files > r.Bound.Files {
		breach("descriptors: %d, the bound is %d", r.Used.Files, r.Bound.Files)
	}
	if r.Fault != "" {
		breach("it does not work afterwards: %s", r.Fault)
	}
	if r.Left > 0 {
		breach("%d goroutines are left after it was stopped", r.Left)
	}
	if r.Open > 0 {
		breach("%d descriptors are left after it was stopped", r.Open)
	}
}
