package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
	"github.com/open-nomad/rpcproxy/testutil"
)

// small is a scenario that takes a moment.
const small = `# A small fleet.
# One of its servers dies.
clients 60
servers 3 handshakes 100/s rtt 2ms
warm 2m
for 30s
at 10s kill 1
expect out = 0
`

// simulate runs a scenario that is given as a file.
func simulate(t *testing.T, scenario string, args ...string) (out, errs string, status int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.fleet")
	if err := os.WriteFile(path, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	return program(t, append([]string{"simulate", path}, args...)...)
}

func TestASimulationPrintsATableWithAColumnForEachPolicy(t *testing.T) {
	out, errs, status := simulate(t, small, "--policy", "seat, stock,seat")
	expect(t, status, exitOK, out, errs)
	for _, part := range []string{"60 clients", "3 servers", "seat         stock\n", "outage.p50", "ok    expect out = 0", "seed 1"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if errs != "" {
		t.Errorf("%q", errs)
	}
	again, _, _ := simulate(t, small, "--policy", "seat, stock,seat")
	if line := func(s string) string { _, rest, _ := strings.Cut(s, "\n"); return rest }; line(again) != line(out) { // without the path
		t.Errorf("%s\n%s", out, again)
	}
}

func TestFlagsChangeTheScenarioAndLeaveTheRestOfIt(t *testing.T) {
	out, errs, status := simulate(t, small, "--clients", "40", "--servers", "4", "--for", "20s", "--seed", "9", "--json", "--policy", "shuffle")
	expect(t, status, exitOK, out, errs)
	var got struct {
		Clients int     `json:"clients"`
		Servers int     `json:"servers"`
		Seed    int     `json:"seed"`
		For     float64 `json:"run_seconds"`
		Held    bool    `json:"held"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Clients != 40 || got.Servers != 4 || got.Seed != 9 || got.For != 20 || !got.Held {
		t.Errorf("%v: %+v of %s", err, got, out)
	}
	for text, want := range map[string]string{
		"servers 5": "", "clients 7": "", "servers 5 rtt 1ms\nshort servers 2 rtt 3ms": " rtt 1ms",
		"short servers 2 rtt 3ms\nlong servers 9 handshakes 5/s": " handshakes 5/s", "servers 5 rtt 1ms\nlong servers 9": "",
	} {
		s, err := fleet.Parse("x", []byte(text+"\nfor 10s\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := qualities(s, false); got != want {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
	_, errs, status = simulate(t, small, "--for", "5s")
	if status != exitUsage || !strings.Contains(errs, "the scenario does not allow that") || !strings.Contains(errs, "mine.fleet:7") {
		t.Errorf("%d %q", status, errs)
	}
}

func TestAnExpectationThatDoesNotHoldFailsTheCommandAndIsNamed(t *testing.T) {
	worse := small + "expect imbalance <= 0.5\nexpect moves < 0\n"
	out, errs, status := simulate(t, worse, "--policy", "shuffle,seat")
	expect(t, status, exitFailed, out, errs)
	if n := strings.Count(out, "FAIL  "); n != 4 || !strings.Contains(errs, "rpcproxy: 4 comparisons of 3 expectations do not hold\n") {
		t.Errorf("%d in\n%s%s", n, out, errs)
	}
	out, errs, status = simulate(t, worse, "--policy", "shuffle", "--json")
	expect(t, status, exitFailed, out, errs)
	if n := strings.Count(errs, "failed: "); n != 2 || !json.Valid([]byte(out)) {
		t.Errorf("%d in\n%s%s", n, out, errs)
	}
}

func TestScenariosAreListedAndShown(t *testing.T) {
	out, errs, status := program(t, "simulate", "--list")
	expect(t, status, exitOK, out, errs)
	for _, name := range fleet.Names() {
		if !strings.Contains(out, name+" ") {
			t.Errorf("no %s in\n%s", name, out)
		}
		text, errs, status := program(t, "simulate", "--show", name)
		expect(t, status, exitOK, text, errs)
		if _, err := fleet.Parse(name, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	checkScreen(t, "the list", out)
}

func TestAScenarioThatMakesNoSenseIsBadUsage(t *testing.T) {
	for text, says := range map[string]string{
		"":                                  "mine.fleet",
		"clients 5 servers":                 "mine.fleet:1",
		strings.Repeat("\x00\xff\x1b", 9e5): "1048576 are the most",
		strings.Repeat("\x00\xff\x1b", 9e4): "mine.fleet:1",
	} {
		out, errs, status := simulate(t, text)
		if status != exitUsage || !strings.Contains(errs, says) || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%.40q: %d %q", text, status, errs)
		}
		checkScreen(t, "the error", errs)
	}
	for _, text := range testutil.HostileTexts() {
		out, errs, status := simulate(t, "clients "+text+"\n")
		if status != exitUsage {
			t.Errorf("%.40q: %d", text, status)
		}
		checkScreen(t, "the error", out+errs)
	}
}

func TestAScenarioIsReadFromStandardInput(t *testing.T) {
	var out, errs bytes.Buffer
	cmd := newRoot(brisk())
	cmd.SetArgs([]string{"simulate", "-", "--policy", "shuffle"})
	cmd.SetIn(strings.NewReader(small))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.HasPrefix(out.String(), "standard input\n") {
		t.Errorf("%v\n%s%s", err, &out, &errs)
	}
}

func TestAnInterruptedSimulationPrintsWhatThereIs(t *testing.T) {
	for _, args := range [][]string{{"--policy", "shuffle,seat,stock"}, {"--policy", "shuffle,seat,stock", "--json"}} {
		ctx, stop := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		s := &simulateCommand{told: func(p fleet.Progress) {
			if p.Run == 1 && p.At >= 20*time.Second {
				stop()
			}
		}}
		path := filepath.Join(t.TempDir(), "mine.fleet")
		if err := os.WriteFile(path, []byte(small), 0o600); err != nil {
			t.Fatal(err)
		}
		plot := filepath.Join(t.TempDir(), "x.svg")
		cmd := s.command()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true // as the root has it
		cmd.SetArgs(append(args, "--plot", plot, path))
		cmd.SetOut(&out)
		cmd.SetErr(&errs)
		status := settle(cmd.ExecuteContext(ctx), &errs)
		if status != exitInterrupted || !strings.Contains(out.String(), "shuffle") || strings.Contains(out.String(), "stock") || !strings.HasSuffix(errs.String(), "rpcproxy: interrupted\n") {
			t.Errorf("%d\n%s%s", status, &out, &errs)
		}
		if !strings.Contains(out.String(), "interrupted: seat got to 20s of 30s\n") && !strings.Contains(out.String(), `"interrupted": true`) {
			t.Errorf("it passes for a whole one:\n%s", &out)
		}
		if _, err := os.Stat(plot); err != nil {
			t.Error(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, errs bytes.Buffer
	if status := run(ctx, brisk(), []string{"simulate", "kill"}, &out, &errs); status != exitInterrupted || out.Len() > 0 {
		t.Errorf("%d\n%s%s", status, &out, &errs)
	}
	// A program that reads JSON gets an object whenever the run ends, also before its warm-up is over.
	if status := run(ctx, brisk(), []string{"simulate", "million", "--json"}, &out, &errs); status != exitInterrupted {
		t.Errorf("%d\n%s%s", status, &out, &errs)
	}
	var got struct {
		Scenario          string
		Runs              []any
		Held, Interrupted bool
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Scenario != "million" || len(got.Runs) > 0 || got.Held || !got.Interrupted {
		t.Errorf("%v\n%s", err, &out)
	}
}

// closed is an output that takes nothing.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed on purpose") }

func TestAnOutputThatTakesNothingIsSaid(t *testing.T) {
	for _, args := range []string{"kill --short --policy shuffle", "kill --short --policy shuffle --json", "--list", "--show kill"} {
		var errs bytes.Buffer
		status := run(t.Context(), brisk(), append([]string{"simulate"}, strings.Fields(args)...), closed{}, &errs)
		if status != exitFailed || !strings.Contains(errs.String(), "cannot be written: closed on purpose") {
			t.Errorf("%s: %d %s", args, status, &errs)
		}
	}
}

func TestCompletionKnowsNamesPoliciesAndPlots(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string // begins with it
		no   string
	}{
		{[]string{"simulate", "ki"}, "kill\tOne of five servers", "\x00"},
		{[]string{"simulate", "kill", ""}, ":4\n", "kill"},
		{[]string{"simulate", "no-such-n"}, ":0\n", "kill"}, // files
		{[]string{"simulate", "--show", "k"}, "kill\t", "\x00"},
		{[]string{"simulate", "--policy", "s"}, "shuffle\nseat\nstock\n", "all"},
		{[]string{"simulate", "--policy", "seat,s"}, "seat,shuffle\nseat,stock\n", "seat,seat"},
		{[]string{"simulate", "--plot", ""}, "svg\nhtml\n", "kill"},
	} {
		out, errs, status := program(t, append([]string{"__complete"}, c.args...)...)
		expect(t, status, exitOK, out, errs)
		if !strings.HasPrefix(out, c.want) || strings.Contains(out, c.no) {
			t.Errorf("%q: %q", c.args, out)
		}
	}
}

func TestProgressIsToldInOneLineOrEveryTenSeconds(t *testing.T) {
	p := fleet.Progress{Policy: fleet.Shuffle, Run: 1, Runs: 4, At: 65 * time.Second, For: time.Hour, Out: 123456}
	var out bytes.Buffer
	elsewhere := newTeller(&out, false)
	elsewhere.progress(p)
	if out.Len() > 0 || elsewhere.every != tellEach {
		t.Errorf("at once: %q", &out)
	}
	elsewhere.last = time.Now().Add(-tellEach)
	elsewhere.progress(p)
	elsewhere.progress(p)
	elsewhere.wipe()
	if got := out.String(); got != "rpcproxy: shuffle (2/4) 1:05/60:00: 123456 out\n" {
		t.Errorf("%q", got)
	}
	out.Reset()
	drawn := &teller{out: &out, terminal: true}
	p.At = -10 * time.Minute
	drawn.progress(p)
	drawn.wipe()
	if got := out.String(); got != "\r\x1b[K\x1b[?7lshuffle (2/4) warm-up, 10:00 left: 123456 out\x1b[?7h\r\x1b[K" {
		t.Errorf("%q", got)
	}
	out.Reset()
	quiet := newTeller(&out, true)
	quiet.last = time.Time{}
	quiet.progress(p)
	quiet.wipe()
	if out.Len() > 0 {
		t.Errorf("%q", &out)
	}
}

func TestAPlotTakesThePlaceOfTheOldOneAtOnceOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.svg")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, status := simulate(t, "for 1s\nclients 2\nwarm 1s\n", "--plot", path, "--policy", "shuffle")
	if status != exitFailed || !strings.Contains(errs, `x.svg" cannot be written: there is nothing to draw`) || !strings.Contains(out, "2 clients") {
		t.Errorf("%d %q", status, errs)
	}
	if old, err := os.ReadFile(path); string(old) != "old" {
		t.Errorf("%q, %v", old, err)
	}
	for _, name := range []string{"x.svg", "y.HTML"} {
		out, errs, status := simulate(t, small, "--plot", filepath.Join(dir, name), "--policy", "all")
		expect(t, status, exitOK, out, errs)
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), ">mine: 60 clients, 3 servers, seed 1</text>") || !strings.Contains(string(text), ">A small fleet.<") || strings.Count(string(text), ">kill 1<") != 4 {
			t.Errorf("%v: %.500s", err, text)
		}
	}
	var names []string
	left, err := os.ReadDir(dir)
	for _, f := range left {
		names = append(names, f.Name())
	}
	if err != nil || !slices.Equal(names, []string{"x.svg", "y.HTML"}) {
		t.Errorf("%q, %v", names, err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d.svg"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, errs, status = simulate(t, small, "--plot", filepath.Join(dir, "d.svg"))
	if status != exitUsage || !strings.Contains(errs, `d.svg" cannot be written: it is a directory`) {
		t.Errorf("%d %q", status, errs)
	}
}

func TestEveryScenarioRunsWithEveryPolicy(t *testing.T) {
	t.Parallel()
	for _, name := range fleet.Names() {
		out, errs, status := program(t, "simulate", name, "--short", "--clients", "50", "--policy", "all")
		if status != exitOK && status != exitFailed { // so few clients need not do what is expected of many
			t.Errorf("%s: %d %s", name, status, errs)
		}
		for _, part := range []string{name + "\n", "50 clients", " shuffle  ", " rendezvous  ", " seat  ", " stock\n", "\nimbalance"} {
			if !strings.Contains(out, part) {
				t.Errorf("%s: no %q in\n%s%s", name, part, out, errs)
			}
		}
		checkScreen(t, name, out+errs)
	}
}

func TestAPlotThatCannotTakeItsPlaceLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.svg")
	var out, errs bytes.Buffer
	s := &simulateCommand{told: func(fleet.Progress) { _ = os.Mkdir(path, 0o700) }} // in its way
	cmd := s.command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"-", "--policy", "shuffle", "--plot", path})
	cmd.SetIn(strings.NewReader(small))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	status := settle(cmd.ExecuteContext(t.Context()), &errs)
	if status != exitFailed || !strings.Contains(errs.String(), `x.svg" cannot be written: `) || !strings.Contains(out.String(), "ok    expect out = 0") {
		t.Errorf("%d\n%s%s", status, &out, &errs)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
