package main

import (
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

func TestTheMedianIsTheMiddleOrBetweenTheTwoThere(t *testing.T) {
	if got, want := spreadOf([]float64{5, 1, 9}), (spread{1, 5, 9}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := spreadOf([]float64{4, 1, 9, 2}), (spread{1, 3, 9}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// A ratio is taken within its round: a slow round does not show in it.
func TestRatiosAreThoseWithinARound(t *testing.T) {
	var samples [roles][]round.Sample
	samples[ours] = []round.Sample{{NS: 1}, {NS: 20}, {NS: 3}}
	samples[baseline] = []round.Sample{{NS: 2}, {NS: 40}, {NS: 12}}
	r := summary("w", &samples)
	if *r.RatioToBaseline != 0.5 || *r.RatioToBaselineMin != 0.25 || *r.RatioToBaselineMax != 0.5 {
		t.Errorf("ratio %v, %v to %v", *r.RatioToBaseline, *r.RatioToBaselineMin, *r.RatioToBaselineMax)
	}
	if *r.OursNS != 3 || *r.BaselineNS != 12 || r.FloorNS != nil || r.RatioToFloor != nil || r.OursP99NS != nil {
		t.Errorf("%+v", r)
	}
}

func TestTheBaselinesLockLetsInOneAtATime(t *testing.T) {
	var l lockedList
	inside := 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				l.lock()
				inside++
				l.unlock()
			}
		})
	}
	all.Wait()
	if inside != 8000 {
		t.Errorf("%d of 8000 were counted", inside)
	}
}
