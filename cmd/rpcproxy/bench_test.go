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
	"github.com/open-nomad/rpcproxy/testutil"
)

// benchFigures is what bench --json prints.
type benchFigures struct {
	Method   string   `json:"method"`
	Callers  int      `json:"callers"`
	Seconds  float64  `json:"seconds"`
	Answered int64    `json:"answered"`
	Failed   int64    `json:"failed"`
	Rate     float64  `json:"calls_per_second"`
	Min      *float64 `json:"min_ns"`
	P50      *float64 `json:"p50_ns"`
	P90      *float64 `json:"p90_ns"`
	P99      *float64 `json:"p99_ns"`
	Max      *float64 `json:"max_ns"`
	Reasons  []struct {
		Reason string `json:"reason"`
		Calls  int64  `json:"calls"`
	} `json:"reasons"`
}

// readFigures reads exactly one object, without unknown fields.
func readFigures(t *testing.T, text string) (f benchFigures) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || dec.More() {
		t.Fatalf("%q: %v", text, err)
	}
	return f
}

// counted is how often the servers of c were called.
func counted(c *testutil.Cluster, method string) (n int64) {
	for _, s := range c.Servers() {
		n += s.Counts().Methods[method]
	}
	return n
}

func TestBenchMakesSoManyCallsAndReportsTheirLatencies(t *testing.T) {
	c := startCluster(t)
	out, errs, status := program(t, "bench", "--servers", strings.Join(c.Addrs(), ","), "--method", "Status.Leader", "--callers", "4", "--calls", "200", "--json")
	expect(t, status, exitOK, out, errs)
	f := readFigures(t, out)
	if f.Method != "Status.Leader" || f.Callers != 4 || f.Answered != 200 || f.Failed != 0 || len(f.Reasons) != 0 || f.Seconds <= 0 {
		t.Errorf("%s", out)
	}
	if rate := 200 / f.Seconds; f.Rate < 0.99*rate || f.Rate > 1.01*rate {
		t.Errorf("%v calls a second, want %v", f.Rate, rate)
	}
	if *f.Min <= 0 || *f.Min > *f.P50 || *f.P50 > *f.P90 || *f.P90 > *f.P99 || *f.P99 > *f.Max || *f.Max > f.Seconds*1e9 {
		t.Errorf("latencies out of order: %s", out)
	}
	if n := counted(c, "Status.Leader"); n != 201 {
		t.Errorf("the servers had %d calls, want 200 and the one that connects", n)
	}
}

func TestBenchPrintsATable(t *testing.T) {
	c := startCluster(t)
	out, errs, status := program(t, "bench", "--servers", c.Addrs()[0], "--duration", "10ms")
	expect(t, status, exitOK, out, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 || len(strings.Fields(lines[0])) != 10 || len(strings.Fields(lines[1])) != 10 || !strings.HasPrefix(lines[1], "Status.Ping ") {
		t.Errorf("want a head and a line with a figure in each column:\n%s", out)
	}
}

func TestBenchSpeaksTLS(t *testing.T) {
	s, flags := secured(t)
	out, errs, status := program(t, append([]string{"bench", "--servers", s.Addr(), "--calls", "3", "--tls-server-name", "server.mars.nomad"}, flags...)...)
	expect(t, status, exitOK, out, errs)
}

func TestBenchCountsFailedCallsByReason(t *testing.T) {
	c := startCluster(t)
	s := c.Server(0)
	var calls atomic.Int64
	s.Handle("Test.Odd", func(context.Context, *testutil.Request) (any, error) {
		if calls.Add(1)%2 == 0 { // one caller: one call at a time
			return nil, errors.New("even calls are refused")
		}
		return "ok", nil
	})
	args := []string{"bench", "--servers", s.Addr(), "--method", "Test.Odd", "--calls", "9"}
	out, errs, status := program(t, append(args, "--json")...)
	expect(t, status, exitOK, out, errs)
	f := readFigures(t, out)
	if f.Answered != 4 || f.Failed != 5 || len(f.Reasons) != 1 || f.Reasons[0].Calls != 5 || !strings.Contains(f.Reasons[0].Reason, "even calls are refused") {
		t.Errorf("%s", out)
	}
	calls.Store(0)
	out, errs, status = program(t, args...)
	expect(t, status, exitOK, out, errs)
	if !strings.Contains(out, "\n5 failed: "+s.Addr()+": ") || !strings.Contains(out, "even calls are refused") {
		t.Errorf("%s", out)
	}
}

func TestBenchExitsWithOneWhenNothingIsAnswered(t *testing.T) {
	c := startCluster(t)
	for _, format := range []string{"--json=false", "--json"} {
		out, errs, status := program(t, "bench", "--servers", c.Addrs()[0], "--method", "Status.NoSuch", "--calls", "5", format)
		expect(t, status, exitFailed, out, errs)
		if !strings.Contains(out, "can't find method Status.NoSuch") || !strings.Contains(errs, "none of 1 calls was answered") {
			t.Errorf("out %q, err %q", out, errs)
		}
		if format == "--json" {
			if f := readFigures(t, out); f.Answered != 0 || f.Failed != 1 || f.Rate != 0 || f.Min != nil || f.Max != nil {
				t.Errorf("%s", out)
			}
		}
	}
}

// Without the interrupt it would take an hour. It does not wait for the call that is
// never answered either.
func TestAnInterruptedBenchEndsAtOnceWithItsFiguresAndLeavesNothing(t *testing.T) {
	testutil.AwaitNone(t)
	c := startCluster(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var calls atomic.Int64
	c.Server(0).Handle("Test.Hang", func(ctx context.Context, _ *testutil.Request) (any, error) {
		if calls.Add(1) > 6 { // one caller: one call at a time
			interrupt()
			<-ctx.Done()
		}
		return "ok", nil
	})
	var out, errs bytes.Buffer
	status := run(ctx, demo.Full(), []string{"bench", "--servers", c.Addrs()[0], "--method", "Test.Hang", "--duration", "1h", "--json"}, &out, &errs)
	expect(t, status, exitInterrupted, out.String(), errs.String())
	if f := readFigures(t, out.String()); f.Answered != 5 || f.Failed != 0 {
		t.Errorf("%s, want the five calls between the one that connects and the one that was cut", out.String())
	}
}

func TestAPercentileIsExactToASixtyFourth(t *testing.T) {
	var h, other histogram
	for i := range 1000 {
		part := &h
		if i%3 == 0 {
			part = &other
		}
		part.add(time.Duration(i+1) * time.Millisecond)
	}
	h.merge(&other)
	if f := h.figures(); h.n != 1000 || f[0] != time.Millisecond || f[4] != time.Second {
		t.Errorf("%d durations, %v", h.n, f)
	}
	for percent, want := range map[int64]time.Duration{1: 10 * time.Millisecond, 50: 500 * time.Millisecond, 99: 990 * time.Millisecond, 100: time.Second} {
		if got := h.percentile(percent); got < want || got > want+want/64 {
			t.Errorf("percentile %d is %v, want %v", percent, got, want)
		}
	}
	for _, d := range []time.Duration{0, 1, 127, 128, 255, 256, 1<<62 - 1, 1<<63 - 1} {
		if end := bucketEnd(bucketOf(d)); end < d || end-d > d/64 {
			t.Errorf("the bucket of %d ends with %d", d, end)
		}
	}
}

func TestReasonsBeyondTheFirstShareOne(t *testing.T) {
	r := newBenchReport("M", 1)
	for i := range maxReasons + 5 {
		r.add(t.Context(), 0, errors.New(strings.Repeat("x", i+1)))
	}
	if len(r.reasons) != maxReasons+1 || r.reasons[otherReasons] != 5 || r.failed != maxReasons+5 {
		t.Errorf("%d reasons, %d others", len(r.reasons), r.reasons[otherReasons])
	}
}
