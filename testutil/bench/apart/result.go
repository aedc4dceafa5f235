package apart

import "slices"

// Result is the figures of one row.
type Result struct {
	Work    string    `json:"work"`
	Rounds  int       `json:"rounds"`
	CPUs    string    `json:"cpus"` // on which the workers were
	Clients []Figures `json:"clients"`
	Far     bool      `json:"far"` // over a path of 20 ms
}

// Figures are those of one client, medians over the rounds. Times are nanoseconds of one call; a
// nil was not measured.
type Figures struct {
	Client      string   `json:"client"`
	NS          float64  `json:"ns"`     // the time of all calls over their number
	CPUNS       *float64 `json:"cpu_ns"` // of the client's process
	P50NS       float64  `json:"p50_ns"`
	P99NS       float64  `json:"p99_ns"`
	Allocs      float64  `json:"allocs"`        // of one call, in the client
	Bytes       float64  `json:"bytes"`         // that these take
	PeakBytes   *int64   `json:"peak_bytes"`    // most memory of the client's process
	ServerCPUNS *float64 `json:"server_cpu_ns"` // of the server's process

	// Relative to stock, and to the floor, within a round.
	ToStock    *Ratio `json:"to_stock"`
	CPUToStock *Ratio `json:"cpu_to_stock"`
	P99ToStock *Ratio `json:"p99_to_stock"`
	ToFloor    *Ratio `json:"to_floor"`
	CPUToFloor *Ratio `json:"cpu_to_floor"`

	SpeedToFloor *Ratio `json:"speed_to_floor"` // calls in a time
	P50ToIdle    *Ratio `json:"p50_to_idle"`    // with a call beside it, relative to without
}

// Ratio is the median of the ratios within each round, the least and the most of them.
type Ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// result makes the figures of a row. All clients have a sample of each round.
func (b *Bench) result(row Row, rounds int, variants []variant, clients []*client) Result {
	r := Result{Work: row.Name(), Rounds: rounds, CPUs: b.place.String(), Far: row.Far}
	samples := map[string][]sample{}
	for i, v := range variants {
		samples[v.name] = clients[i].samples
	}
	for i, v := range variants {
		f := figures(v.name, clients[i].samples)
		if peak := clients[i].peak; peak > 0 {
			f.PeakBytes = &peak
		}
		if v.name != stock {
			f.ToStock = ratio(clients[i].samples, samples[stock], perCall)
			f.CPUToStock = ratio(clients[i].samples, samples[stock], cpuTime)
			f.P99ToStock = ratio(clients[i].samples, samples[stock], tailTime)
		}
		if v.name != floor {
			f.ToFloor = ratio(clients[i].samples, samples[floor], perCall)
			f.CPUToFloor = ratio(clients[i].samples, samples[floor], cpuTime)
			f.SpeedToFloor = ratio(samples[floor], clients[i].samples, perCall)
		}
		f.P50ToIdle = toIdle(clients[i].samples)
		r.Clients = append(r.Clients, f)
	}
	return r
}

func perCall(s sample) float64     { return s.NS }
func cpuTime(s sample) float64     { return s.CPU }
func halfTime(s sample) float64    { return s.P50 }
func tailTime(s sample) float64    { return s.P99 }
func allocations(s sample) float64 { return s.Allocs }
func allocated(s sample) float64   { return s.Bytes }
func serverTime(s sample) float64  { return s.server }

func figures(name string, samples []sample) Figures {
	median := func(figure func(sample) float64) float64 { return spread(samples, figure).Median }
	return Figures{
		Client: name, NS: median(perCall), CPUNS: known(median(cpuTime)), P50NS: median(halfTime), P99NS: median(tailTime),
		Allocs: median(allocations), Bytes: median(allocated), ServerCPUNS: known(median(serverTime)),
	}
}

// known is nil for what the platform does not tell.
func known(ns float64) *float64 {
	if ns == 0 {
		return nil
	}
	return &ns
}

// ratio compares two clients round by round; nil where there is nothing to compare.
func ratio(of, with []sample, figure func(sample) float64) *Ratio {
	if len(of) == 0 || len(of) != len(with) {
		return nil
	}
	all := make([]float64, len(of))
	for i := range of {
		if figure(with[i]) == 0 {
			return nil
		}
		all[i] = figure(of[i]) / figure(with[i])
	}
	return new(middle(all))
}

// toIdle compares calls that had another one beside them with those that had none.
func toIdle(samples []sample) *Ratio {
	idle := make([]sample, len(samples))
	for i, s := range samples {
		idle[i].P50 = s.idle
	}
	return ratio(samples, idle, halfTime)
}

func spread(samples []sample, figure func(sample) float64) Ratio {
	all := make([]float64, len(samples))
	for i, s := range samples {
		all[i] = figure(s)
	}
	return middle(all)
}

func middle(all []float64) Ratio {
	slices.Sort(all)
	n := len(all)
	return Ratio{Min: all[0], Median: (all[(n-1)/2] + all[n/2]) / 2, Max: all[n-1]}
}
