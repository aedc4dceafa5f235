package main

import (
	"slices"

	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

// Result is the figures of one work, or of one point of a curve. Times are in
// nanoseconds; a nil was not measured. Figures are medians over the rounds, and a
// ratio is the median of the ratios of the rounds.
type Result struct {
	Work   string `json:"work"`
	Rounds int    `json:"rounds"`

	OursNS       *float64 `json:"ours_ns"`
	BaselineNS   *float64 `json:"baseline_ns"`
	FloorNS      *float64 `json:"floor_ns"`
	SameServerNS *float64 `json:"same_server_ns"` // ours, against the server of the baseline

	RatioToBaseline           *float64 `json:"ratio_to_baseline"`
	RatioToBaselineMin        *float64 `json:"ratio_to_baseline_min"`
	RatioToBaselineMax        *float64 `json:"ratio_to_baseline_max"`
	RatioToFloor              *float64 `json:"ratio_to_floor"`
	RatioToFloorMin           *float64 `json:"ratio_to_floor_min"`
	RatioToFloorMax           *float64 `json:"ratio_to_floor_max"`
	SameServerRatioToBaseline *float64 `json:"same_server_ratio_to_baseline"`

	OursP99NS       *float64 `json:"ours_p99_ns"`
	BaselineP99NS   *float64 `json:"baseline_p99_ns"`
	FloorP99NS      *float64 `json:"floor_p99_ns"`
	SameServerP99NS *float64 `json:"same_server_p99_ns"`

	// Of one operation, at both its ends; or taken by one idle thing.
	Allocs           *float64 `json:"allocs"`
	Bytes            *float64 `json:"bytes"`
	BaselineAllocs   *float64 `json:"baseline_allocs"`
	BaselineBytes    *float64 `json:"baseline_bytes"`
	SameServerAllocs *float64 `json:"same_server_allocs"`
	SameServerBytes  *float64 `json:"same_server_bytes"`

	// Taken by one idle thing.
	Goroutines         *float64 `json:"goroutines"`
	BaselineGoroutines *float64 `json:"baseline_goroutines"`

	// Of a curve: its name, the point, and the cost there relative to that of the first
	// point, and to linear growth.
	Curve         string   `json:"curve,omitempty"`
	At            *int     `json:"at"`
	RatioToFirst  *float64 `json:"ratio_to_first"`
	RatioToLinear *float64 `json:"ratio_to_linear"`

	Note string `json:"note,omitempty"` // printed below the table
}

// summary makes the Result of a work from its samples by role and round.
func summary(name string, samples *[roles][]round.Sample) (out Result) {
	out = Result{Work: name, Rounds: len(samples[ours])}
	of := func(r role, figure func(round.Sample) float64) *float64 {
		if len(samples[r]) == 0 {
			return nil
		}
		all := make([]float64, len(samples[r]))
		for i, s := range samples[r] {
			all[i] = figure(s)
		}
		return new(spreadOf(all).median)
	}
	ratio := func(a, b role) (least, median, most *float64) {
		if len(samples[a]) == 0 || len(samples[b]) == 0 {
			return nil, nil, nil
		}
		all := make([]float64, len(samples[a]))
		for i := range all {
			all[i] = samples[a][i].NS / samples[b][i].NS
		}
		s := spreadOf(all)
		return &s.min, &s.median, &s.max
	}
	ns := func(s round.Sample) float64 { return s.NS }
	p99 := func(s round.Sample) float64 { return s.P99 }
	allocs := func(s round.Sample) float64 { return s.Allocs }
	bytes := func(s round.Sample) float64 { return s.Bytes }
	out.OursNS, out.BaselineNS, out.FloorNS, out.SameServerNS = of(ours, ns), of(baseline, ns), of(floor, ns), of(sameServer, ns)
	if len(samples[ours]) > 0 && samples[ours][0].P99 > 0 {
		out.OursP99NS, out.BaselineP99NS, out.FloorP99NS, out.SameServerP99NS = of(ours, p99), of(baseline, p99), of(floor, p99), of(sameServer, p99)
	}
	out.Allocs, out.BaselineAllocs, out.SameServerAllocs = of(ours, allocs), of(baseline, allocs), of(sameServer, allocs)
	out.Bytes, out.BaselineBytes, out.SameServerBytes = of(ours, bytes), of(baseline, bytes), of(sameServer, bytes)
	out.RatioToBaselineMin, out.RatioToBaseline, out.RatioToBaselineMax = ratio(ours, baseline)
	out.RatioToFloorMin, out.RatioToFloor, out.RatioToFloorMax = ratio(ours, floor)
	_, out.SameServerRatioToBaseline, _ = ratio(sameServer, baseline)
	return out
}

// spread is a figure over all rounds.
type spread struct{ min, median, max float64 }

func spreadOf(all []float64) spread {
	all = slices.Sorted(slices.Values(all))
	n := len(all)
	return spread{min: all[0], median: (all[(n-1)/2] + all[n/2]) / 2, max: all[n-1]}
}
