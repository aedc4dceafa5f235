package bench

// Result is what came out for one work, or for one point of a curve. Times are in
// nanoseconds; what is nil was not measured. The figures are medians over the
// rounds, a ratio is the median of the ratios in each of them.
type Result struct {
	Work   string `json:"work"`
	Rounds int    `json:"rounds"`

	OursNS       *float64 `json:"ours_ns"`
	BaselineNS   *float64 `json:"baseline_ns"`
	FloorNS      *float64 `json:"floor_ns"`
	SameServerNS *float64 `json:"same_server_ns"` // ours, against the baseline's server

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

	// Of one operation, at both its ends; or what one idle thing holds.
	Allocs           *float64 `json:"allocs"`
	Bytes            *float64 `json:"bytes"`
	BaselineAllocs   *float64 `json:"baseline_allocs"`
	BaselineBytes    *float64 `json:"baseline_bytes"`
	SameServerAllocs *float64 `json:"same_server_allocs"`
	SameServerBytes  *float64 `json:"same_server_bytes"`

	// What one idle thing holds.
	Goroutines         *float64 `json:"goroutines"`
	BaselineGoroutines *float64 `json:"baseline_goroutines"`

	// Of a curve: which one, the point, and the cost there beside that of the
	// first point, and beside what that would have grown to in proportion.
	Curve         string   `json:"curve,omitempty"`
	At            *int     `json:"at"`
	RatioToFirst  *float64 `json:"ratio_to_first"`
	RatioToLinear *float64 `json:"ratio_to_linear"`

	Note string `json:"note,omitempty"` // what to know about this figure
}

// summary makes the Result of a work from its samples by role and round.
func summary(name string, samples *[roles][]sample) Result {
	r := Result{Work: name, Rounds: len(samples[ours])}
	of := func(who role, what func(sample) float64) *float64 {
		if len(samples[who]) == 0 {
			return nil
		}
		all := make([]float64, len(samples[who]))
		for i, s := range samples[who] {
			all[i] = what(s)
		}
		return new(spreadOf(all).median)
	}
	ratio := func(a, b role) (least, median, most *float64) {
		if len(samples[a]) == 0 || len(samples[b]) == 0 {
			return nil, nil, nil
		}
		all := make([]float64, len(samples[a]))
		for i := range all {
			all[i] = samples[a][i].ns / samples[b][i].ns
		}
		s := spreadOf(all)
		return &s.min, &s.median, &s.max
	}
	ns := func(s sample) float64 { return s.ns }
	p99 := func(s sample) float64 { return s.p99 }
	allocs := func(s sample) float64 { return s.allocs }
	bytes := func(s sample) float64 { return s.bytes }
	r.OursNS, r.BaselineNS, r.FloorNS, r.SameServerNS = of(ours, ns), of(baseline, ns), of(floor, ns), of(sameServer, ns)
	if len(samples[ours]) > 0 && samples[ours][0].p99 > 0 {
		r.OursP99NS, r.BaselineP99NS, r.FloorP99NS, r.SameServerP99NS = of(ours, p99), of(baseline, p99), of(floor, p99), of(sameServer, p99)
	}
	r.Allocs, r.BaselineAllocs, r.SameServerAllocs = of(ours, allocs), of(baseline, allocs), of(sameServer, allocs)
	r.Bytes, r.BaselineBytes, r.SameServerBytes = of(ours, bytes), of(baseline, bytes), of(sameServer, bytes)
	r.RatioToBaselineMin, r.RatioToBaseline, r.RatioToBaselineMax = ratio(ours, baseline)
	r.RatioToFloorMin, r.RatioToFloor, r.RatioToFloorMax = ratio(ours, floor)
	_, r.SameServerRatioToBaseline, _ = ratio(sameServer, baseline)
	return r
}
