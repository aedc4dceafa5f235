package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil"
)

// brisk is the whole demo in a few seconds.
func brisk() demo.Scenario { return demo.Scenario{Steps: demo.Full().Steps, Pace: 0.1} }

// only is a demo of other steps.
func only(steps ...demo.Step) demo.Scenario { return demo.Scenario{Steps: steps, Pace: 0.1} }

func step(name string, run func(context.Context, *demo.Env) error) demo.Step {
	return demo.Step{Name: name, Run: run}
}

// outcome is what --json prints.
type outcome struct {
	Steps []struct {
		Name       string `json:"name"`
		Calls      int    `json:"calls"`
		Failed     int    `json:"failed"`
		WorstGapMS *int   `json:"worst_gap_ms"`
	} `json:"acts"`
	Calls  int  `json:"calls"`
	Failed int  `json:"failed"`
	Leaked *int `json:"goroutines_leaked"`
	Cut    bool `json:"interrupted"`
}

// readOutcome reads exactly one object, without unknown fields.
func readOutcome(t *testing.T, text string) (o outcome) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if dec.More() {
		t.Fatalf("more than one object: %q", text)
	}
	return o
}

func TestTheDemoLosesNoCallAndLeavesNoGoroutine(t *testing.T) {
	out, errs, status := runDemo(t, brisk(), "--json", "--callers", "10")
	expect(t, status, exitOK, out, errs)
	if errs != "" {
		t.Errorf("standard error %q, want nothing", errs)
	}
	o := readOutcome(t, out)
	calls := 0
	for i, a := range o.Steps {
		if want := demo.Full().Steps[i].Name; a.Name != want {
			t.Errorf("step %d is %q, want %q", i, a.Name, want)
		}
		if a.Calls == 0 || a.Failed != 0 || a.WorstGapMS == nil {
			t.Errorf("step %q: %+v", a.Name, a)
		}
		calls += a.Calls
	}
	if len(o.Steps) != len(demo.Full().Steps) || o.Calls != calls || o.Failed != 0 {
		t.Errorf("%d steps, %d calls, want %d with %d", len(o.Steps), o.Calls, len(demo.Full().Steps), calls)
	}
	if o.Leaked == nil || *o.Leaked != 0 {
		t.Errorf("goroutines_leaked is %v, want 0", o.Leaked)
	}
}

// loseOne has the cluster refuse one call for good, at whichever server, and waits
// for it.
func loseOne(ctx context.Context, env *demo.Env) error {
	var asked atomic.Int64
	lost := make(chan struct{})
	for _, s := range env.Cluster.Servers() {
		s.Handle("Echo.Echo", func(_ context.Context, r *testutil.Request) (any, error) {
			if asked.Add(1) > 1 {
				return r.Body(), nil
			}
			close(lost)
			return nil, errors.New("planted")
		})
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	select {
	case <-lost:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestTheDemoExitsWithOneWhenACallWasLostAndNamesIt(t *testing.T) {
	p := only(step("quiet", demo.Steady), step("planted loss", loseOne))
	out, errs, status := runDemo(t, p, "--json", "--callers", "4")
	expect(t, status, exitFailed, out, errs)
	o := readOutcome(t, out)
	if o.Failed != 1 || o.Steps[0].Failed != 0 || o.Steps[1].Failed != 1 {
		t.Errorf("%+v, want the one lost call in the step in which it began", o)
	}
	if !strings.Contains(errs, "planted loss: Echo.Echo on ") || !strings.Contains(errs, "1 of ") {
		t.Errorf("standard error %q, want the call and how many", errs)
	}
}

// leak is a step that starts a goroutine, which ends with the test.
func leak(t *testing.T) func(context.Context, *demo.Env) error {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	return func(context.Context, *demo.Env) error {
		go func() { <-ended }()
		return nil
	}
}

func TestTheDemoExitsWithOneWhenAGoroutineIsLeft(t *testing.T) {
	out, errs, status := runDemo(t, only(step("leak", leak(t))), "--json", "--callers", "1")
	expect(t, status, exitFailed, out, errs)
	if o := readOutcome(t, out); o.Leaked == nil || *o.Leaked != 1 {
		t.Errorf("goroutines_leaked of %s, want 1", out)
	}
	if !strings.Contains(errs, "1 goroutines were left") {
		t.Errorf("standard error %q", errs)
	}
}

func TestTheDemoNamesTheStepThatFailed(t *testing.T) {
	p := only(step("wishful", func(context.Context, *demo.Env) error { return errors.New("it did not rain") }))
	out, errs, status := runDemo(t, p, "--callers", "1")
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, `step "wishful": it did not rain`) {
		t.Errorf("standard error %q, want the step and the reason", errs)
	}
}

func TestTheDemoPrintsALinePerStepAndATableWithoutControlCharacters(t *testing.T) {
	out, errs, status := runDemo(t, only(step("first", demo.Steady), step("second", demo.Steady)), "--callers", "2")
	expect(t, status, exitOK, out, errs)
	lines := strings.Split(out, "\n")
	for i, name := range []string{"first", "second"} {
		if l := lines[i]; !strings.HasPrefix(l, name) || !strings.Contains(l, " lost, gap ") || !strings.Contains(l, ", active :") || len(l) > 80 {
			t.Errorf("line %d is %q, want the count of %q", i, l, name)
		}
	}
	for _, part := range []string{"\nscenario ", "worst gap", "all", "calls lost, 0 goroutines left"} {
		if !strings.Contains(strings.Join(lines[2:], "\n"), part) {
			t.Errorf("the table has no %q:\n%s", part, out)
		}
	}
	for _, l := range lines {
		if len(l) > 80 {
			t.Errorf("%q has %d columns", l, len(l))
		}
	}
	if strings.ContainsAny(out+errs, "\r\x1b") {
		t.Errorf("control characters without a terminal: %q %q", out, errs)
	}
}

func TestAnInterruptedDemoStopsAtOnceAndReportsWhatThereIs(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		p := only(step("whole", demo.Steady), step("endless", func(ctx context.Context, env *demo.Env) error {
			interrupt()
			return env.Wait(ctx, time.Hour)
		}))
		args := []string{"demo", "--callers", "5"}
		if asJSON {
			args = append(args, "--json")
		}
		var out, errs bytes.Buffer
		status := run(ctx, p, args, &out, &errs)
		expect(t, status, exitInterrupted, out.String(), errs.String())
		if !strings.Contains(errs.String(), "interrupted") {
			t.Errorf("err %q", errs.String())
		}
		if !asJSON {
			continue
		}
		o := readOutcome(t, out.String())
		if len(o.Steps) != 2 || o.Steps[0].Calls == 0 || o.Failed != 0 || o.Steps[1].Name != "endless" || !o.Cut || *o.Leaked != 0 {
			t.Errorf("%s", out.String())
		}
	}
}

func TestADemoThatIsInterruptedBeforeItBeginsHasAListAllTheSame(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var out, errs bytes.Buffer
	status := run(ctx, only(step("never", demo.Steady)), []string{"demo", "--json"}, &out, &errs)
	expect(t, status, exitInterrupted, out.String(), errs.String())
	if !strings.HasPrefix(out.String(), `{"acts":[`) {
		t.Errorf("%s", out.String())
	}
}

func TestVerboseShowsTheLogOfTheProxy(t *testing.T) {
	failover := func(ctx context.Context, env *demo.Env) error {
		victim, err := env.Active()
		if err != nil {
			return err
		}
		victim.Kill() // for good: the next call must find out, however late it begins
		return env.Until(ctx, "another server is in front", func(v *messages.View) bool {
			front, ok := v.Active()
			return ok && front.Addr != victim.Addr()
		})
	}
	out, errs, status := runDemo(t, only(step("kill", failover)), "--callers", "2", "--verbose")
	expect(t, status, exitOK, out, errs)
	if !strings.Contains(errs, "server failed") {
		t.Errorf("standard error %q, want the log of the failure", errs)
	}
}
