package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/open-nomad/rpcproxy/testutil"
)

// limit is how long a test waits for an event that must come.
const limit = time.Minute

// program runs the command and returns what it wrote, and its exit code.
func program(t *testing.T, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, &o, &e)
	return o.String(), e.String(), status
}

// expect fails t unless the command exited as wanted.
func expect(t *testing.T, status, want int, out, errs string) {
	t.Helper()
	if status != want {
		t.Fatalf("exit status %d, want %d\nout: %s\nerr: %s", status, want, out, errs)
	}
}

// benchJSON runs the benchmarks and returns their results by work.
func benchJSON(t *testing.T, args ...string) map[string]map[string]any {
	t.Helper()
	out, errs, status := program(t, append([]string{"--json"}, args...)...)
	expect(t, status, exitOK, out, errs)
	if errs != "" {
		t.Errorf("standard error has %q", errs)
	}
	var results []map[string]any
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	all := map[string]map[string]any{}
	for _, r := range results {
		all[r["work"].(string)] = r
	}
	if len(all) != len(results) {
		t.Errorf("%d results for %d works", len(results), len(all))
	}
	return all
}

// wantFigures fails t unless r has a positive number under each of these keys.
func wantFigures(t *testing.T, r map[string]any, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if n, ok := r[key].(float64); !ok || n <= 0 {
			t.Errorf("%v: %s is %v, want a positive number", r["work"], key, r[key])
		}
	}
}

// wantNull fails t unless r has a null under each of these keys.
func wantNull(t *testing.T, r map[string]any, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if v, ok := r[key]; !ok || v != nil {
			t.Errorf("%v: %s is %v (there: %v), want null", r["work"], key, v, ok)
		}
	}
}

func TestTheBenchmarkReportsEverythingInJSON(t *testing.T) {
	all := benchJSON(t, "--rounds", "2", "--only", "^(find/16|tell|ask|call/t[lc][sp]/64B/16|notice/5|heartbeat/5|rebalance/5|memory/.*)$")
	if len(all) != 10 {
		t.Errorf("%d works were measured, want 10: %v", len(all), all)
	}
	toBaseline := []string{"ratio_to_baseline", "ratio_to_baseline_min", "ratio_to_baseline_max"}
	toFloor := []string{"ratio_to_floor", "ratio_to_floor_min", "ratio_to_floor_max"}
	for name, r := range all {
		if r["rounds"] != 2.0 {
			t.Errorf("%s: %v rounds, want 2", name, r["rounds"])
		}
		if _, ok := r["allocs"]; !ok {
			t.Errorf("%s says nothing of allocations", name)
		}
		switch kind, _, _ := strings.Cut(name, "/"); kind {
		case "find":
			wantFigures(t, r, append(toBaseline, toFloor...)...)
			wantFigures(t, r, "ours_ns", "baseline_ns", "floor_ns")
			if n := r["allocs"].(float64); n > 0.01 {
				t.Errorf("%s: %v allocations", name, n)
			}
		case "call":
			wantFigures(t, r, append(toBaseline, toFloor...)...)
			wantFigures(t, r, "ours_ns", "baseline_ns", "floor_ns", "same_server_ns", "same_server_ratio_to_baseline",
				"ours_p99_ns", "baseline_p99_ns", "floor_p99_ns", "allocs", "bytes", "baseline_allocs", "baseline_bytes")
		case "memory":
			wantFigures(t, r, "bytes")
			if _, ok := r["goroutines"].(float64); !ok { // a proxy has none
				t.Errorf("%s says nothing of goroutines", name)
			}
			wantNull(t, r, "ours_ns", "floor_ns", "ratio_to_floor", "allocs")
		default: // through a mailbox
			wantFigures(t, r, toFloor...)
			wantFigures(t, r, "ours_ns", "floor_ns")
			wantNull(t, r, "baseline_ns", "ratio_to_baseline", "same_server_ns", "ours_p99_ns")
		}
	}
	if r := all["memory/session"]; r != nil {
		wantFigures(t, r, append(toBaseline, "goroutines", "baseline_bytes", "baseline_goroutines")...)
	}
}

func TestTheCurvesReportHowCostsGrow(t *testing.T) {
	all := benchJSON(t, "--curves", "--rounds", "1", "--only", "^(callers/(1|16)|servers/(find|heartbeat)/(1|10)|size/(64B|4KiB)|sessions/(1|10))$")
	if len(all) != 10 {
		t.Errorf("%d points were measured, want 10: %v", len(all), all)
	}
	for name, r := range all {
		wantFigures(t, r, "ours_ns", "at", "ratio_to_first", "ratio_to_linear")
		if r["curve"] == nil || !strings.HasPrefix(name, r["curve"].(string)+"/") {
			t.Errorf("%s is of the curve %v", name, r["curve"])
		}
	}
	first, last := all["servers/heartbeat/1"], all["servers/heartbeat/10"]
	if first == nil || last == nil || first["ratio_to_first"] != 1.0 || first["ratio_to_linear"] != 1.0 {
		t.Fatalf("the first point of a curve is %v", first)
	}
	if got, want := last["ratio_to_linear"].(float64), last["ours_ns"].(float64)/first["ours_ns"].(float64)/10; got < 0.99*want || got > 1.01*want {
		t.Errorf("ten times the servers: %v of linear growth, want %v", got, want)
	}
}

func TestTheBenchmarkPrintsALineForEachWork(t *testing.T) {
	out, errs, status := program(t, "--rounds", "1", "--only", "^(find/1|tell)$")
	expect(t, status, exitOK, out, errs)
	lines := strings.Split(out, "\n")
	for i, begin := range []string{"work ", "find/1 ", "tell ", ""} {
		if !strings.HasPrefix(lines[i], begin) {
			t.Errorf("line %d is %q, want one that begins with %q", i, lines[i], begin)
		}
	}
	if !strings.Contains(out, "lock of package sync") {
		t.Errorf("the legend says nothing of the lock of the baseline:\n%s", out)
	}
}

// Clients are measured before the works, in a table of their own.
func TestClientsAreMeasuredBesideTheWorks(t *testing.T) {
	dir := t.TempDir()
	all := benchJSON(t, "--rounds", "1", "--clients", "ours,floor", "--cpuprofile", dir, "--only", "^(client/ping/16|find/1)$")
	if len(all) != 2 || all["find/1"] == nil || all["client/ping/16"] == nil {
		t.Fatalf("measured %v", all)
	}
	if clients := all["client/ping/16"]["clients"].([]any); len(clients) != 2 {
		t.Errorf("%d clients, want 2", len(clients))
	}
	profiles, err := os.ReadDir(dir)
	if err != nil || len(profiles) != 2 {
		t.Errorf("%d profiles, %v, want 2", len(profiles), err)
	}
	out, errs, status := program(t, "--rounds", "1", "--clients", "floor", "--unpinned", "--only", "^(client/ping/1|tell)$")
	expect(t, status, exitOK, out, errs)
	at := 0
	for _, begin := range []string{"client/ping/1\n", "  floor ", "on any CPU", "work ", "tell ", "mailbox"} {
		next := strings.Index(out[at:], begin)
		if next < 0 {
			t.Fatalf("there is no %q behind the first %d bytes of\n%s", begin, at, out)
		}
		at += next
	}
	clients, _, _ := strings.Cut(out, "work ")
	for line := range strings.Lines(clients) {
		if n := utf8.RuneCountInString(line) - 1; n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// A thousand rounds would take minutes.
func TestAnInterruptedBenchmarkEndsAtOnceAndLeavesNothing(t *testing.T) {
	for _, args := range []string{"--only ^find/16$", "--only ^call/tls/64B/16$", "--only ^memory/", "--only ^client/ping/16$", "--curves --only ^sessions/10$", "--json"} {
		testutil.AwaitNone(t)
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		begin := time.Now()
		var out, errs bytes.Buffer
		status := run(ctx, append([]string{"--rounds", "1000"}, strings.Fields(args)...), &out, &errs)
		expect(t, status, exitInterrupted, out.String(), errs.String())
		if took := time.Since(begin); took > limit {
			t.Errorf("bench %s: ended %v after it was interrupted", args, took)
		}
		if left := testutil.Leftover(before, limit); left > 0 {
			t.Errorf("bench %s: %d goroutines are left", args, left)
		}
	}
}

func TestBadUsageIsRefused(t *testing.T) {
	for args, says := range map[string]string{
		"-rounds 0":                         "-rounds is 0",
		"-rounds 1001":                      "-rounds is 1001",
		"-only (":                           "no regular expression",
		"-only no-such-work":                "matches no work",
		"-only ^client/ping/1$ -clients no": `"no" is no client`,
		"-only ^callers/1$":                 "matches no work", // that is a point of a curve
		"-curves -only ^tell$":              "sessions/1000",
		"superfluous":                       "superfluous",
	} {
		out, errs, status := program(t, strings.Fields(args)...)
		expect(t, status, exitUsage, out, errs)
		if !strings.Contains(errs, says) || out != "" {
			t.Errorf("%s: out %q, err %q, want the reason %q on the latter", args, out, errs, says)
		}
	}
}
