package main

import (
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"
)

// ran runs the command and reads its report.
func ran(t *testing.T, args ...string) (code int, results []result) {
	t.Helper()
	var out, said strings.Builder
	code = run(t.Context(), append(args, "-json"), &out, &said)
	if err := json.Unmarshal([]byte(out.String()), &results); err != nil {
		t.Fatalf("exit code %d, %v: %s %s", code, err, out.String(), said.String())
	}
	return code, results
}

func TestAnAgentIsMeasuredAndStillWorks(t *testing.T) {
	code, results := ran(t, "-only", "^(frames/a good server|replies/nested a million deep)$")
	if code != kept || len(results) != 2 {
		t.Fatalf("exit code %d, %+v", code, results)
	}
	for _, r := range results {
		if r.Calls == 0 || r.Used.Goroutines == 0 || measured && (r.Used.RSS == 0 || r.Used.CPU == 0 || r.Used.Files == 0) {
			t.Errorf("%+v", r)
		}
	}
	if results[0].Failed > results[0].Calls/2 || results[1].Failed != results[1].Calls {
		t.Errorf("%+v", results)
	}
}

func TestALeakThatIsPlantedFails(t *testing.T) {
	for leak, says := range map[string]string{"rss": "memory", "goroutines": "goroutines", "fds": "descriptors"} {
		if leak != "goroutines" && !measured {
			continue
		}
		code, results := ran(t, "-only", "^frames/a good server$", "-plant", leak)
		if code != breaks || len(results) != 1 || !strings.Contains(strings.Join(results[0].Breaches, "; "), says) {
			t.Errorf("%s: exit code %d, %+v", leak, code, results)
		}
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"-only", "no such scenario"}, {"-what"}, {"more"}, {"-jobs", "0"}} {
		var said strings.Builder
		if code := run(t.Context(), args, io.Discard, &said); code != useless || said.Len() == 0 {
			t.Errorf("%q: exit code %d, said %q", args, code, said.String())
		}
	}
}

func TestHelpShowsTheFlagsButForThatOfTests(t *testing.T) {
	var said strings.Builder
	if code := run(t.Context(), []string{"-help"}, io.Discard, &said); code != kept ||
		!strings.Contains(said.String(), "-only") || strings.Contains(said.String(), "plant") {
		t.Errorf("exit code %d: %s", code, said.String())
	}
}

func TestEachScenarioHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	short := map[kind]int{}
	for _, s := range all() {
		if seen[s.String()] || s.attack == nil || s.agent == nil || s.lasts < 0 {
			t.Errorf("%v", s)
		}
		seen[s.String()] = true
		if s.short {
			short[s.kind]++
		}
	}
	t.Log(len(seen), "scenarios, in short:", short)
}

// A victim has the tables, too: what they take would hide what the agent takes.
func TestTheTablesTakeLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := len(all())
	runtime.ReadMemStats(&after)
	if n < 200 || after.TotalAlloc-before.TotalAlloc > 8*mebi {
		t.Errorf("%d scenarios took %d bytes", n, after.TotalAlloc-before.TotalAlloc)
	}
}
