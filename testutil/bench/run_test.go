package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/apart"
)

// fake is a work that records the order of its entrants and counts its closings.
type fake struct {
	work
	order  []role
	closed int
}

func newFake(do func(r role) error) *fake {
	f := &fake{}
	f.work = work{name: "fake/1", open: func(context.Context) (*setup, error) {
		s := &setup{slice: time.Nanosecond, close: func() error { f.closed++; return nil }}
		for _, r := range []role{ours, baseline, floor} {
			s.entrants = append(s.entrants, sequence(r, 1, func(int) error {
				if len(f.order) == 0 || f.order[len(f.order)-1] != r {
					f.order = append(f.order, r)
				}
				return do(r)
			}))
		}
		return s, nil
	}}
	return f
}

func TestEachRoundBeginsWithAnotherEntrant(t *testing.T) {
	f := newFake(func(role) error { return nil })
	r, err := f.time(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []role{
		ours, baseline, floor, // warming up
		ours, baseline, floor,
		baseline, floor, ours,
		floor, ours, baseline,
	}
	if !slices.Equal(f.order, want) {
		t.Errorf("the order was %v, want %v", f.order, want)
	}
	if r.Rounds != 3 || r.RatioToBaseline == nil || r.RatioToFloor == nil || r.SameServerNS != nil {
		t.Errorf("%+v", r)
	}
	if f.closed != 1 {
		t.Errorf("closed %d times", f.closed)
	}
}

var errBroken = errors.New("broken")

func TestAnEntrantThatFailsEndsItAllAndIsNamed(t *testing.T) {
	f := newFake(func(r role) error {
		if r == floor {
			return errBroken
		}
		return nil
	})
	reported := 0
	err := runAll(t.Context(), options{rounds: 1}, []work{f.work}, func(Result) { reported++ })
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "fake/1") {
		t.Errorf("error %v, want one that names the work and wraps the cause", err)
	}
	if reported != 0 || f.closed != 1 {
		t.Errorf("%d results reported, closed %d times", reported, f.closed)
	}
}

func TestOnlyMatchingBenchmarksAreMeasured(t *testing.T) {
	first, second := newFake(func(role) error { return nil }), newFake(func(role) error { return nil })
	second.name = "other/2"
	all := []work{first.work, second.work}
	var names []string
	rows := []apart.Row{{Call: "ping", Callers: 1}, {Call: "ping", Callers: 16}}
	o := options{rounds: 1, only: regexp.MustCompile("^(other|client.*16)")}
	gotRows, works, err := o.pick(slices.Clone(rows), all)
	if err != nil || len(gotRows) != 1 || gotRows[0] != rows[1] {
		t.Fatalf("picked %v, %v", gotRows, err)
	}
	if err := runAll(t.Context(), o, works, func(r Result) { names = append(names, r.Work) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{"other/2"}) || first.closed != 0 {
		t.Errorf("measured %v", names)
	}
	o.only = regexp.MustCompile("nothing")
	_, _, err = o.pick(rows, all)
	none, ok := errors.AsType[*noSuchWorkError](err)
	if !ok || none.only != "nothing" || !slices.Equal(none.works, []string{"client/ping/1", "client/ping/16", "fake/1", "other/2"}) {
		t.Errorf("%+v", none)
	}
}

func TestEveryWorkHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range slices.Concat(allWorks(), allPoints()) {
		if seen[w.name] || (w.open == nil) == (w.footprint == nil) {
			t.Errorf("%q is there twice, or has not exactly one measure", w.name)
		}
		seen[w.name] = true
	}
	for _, name := range []string{
		"find/1", "find/16", "tell", "ask", "notice/5", "heartbeat/5", "heartbeat/100", "rebalance/5", "memory/proxy", "memory/session",
		"call/tcp/64B/1", "call/tcp/4KiB/16", "call/tcp/64KiB/128", "call/tls/64B/1", "call/tls/4KiB/128",
		"callers/4096", "servers/find/1000", "servers/heartbeat/1000", "servers/notice/1000", "servers/rebalance/1000", "size/4MiB", "sessions/1000",
	} {
		if !seen[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
