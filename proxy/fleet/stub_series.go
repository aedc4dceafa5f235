package fleet

import "time"

// Series is what a run counts over time, one value per Step.
type Series struct {
	Step   time.Duration // between two values
	Active [][]int       // by server and step: agents with it in front
	Dials  [][]int       // by server and step: dials that reached it
	Failed [][]int       // by server and step: dials that were refused, or met silence
	Up     []int         // by step: servers that are up
}

// Series returns what was counted in the run so far.
func (f *Fleet) Series() *Series {
	s := &Series{Step: time.Second, Up: make([]int, len(f.samples))}
	per := max(int(time.Second/f.cfg.Grain), 1)
	for n := range f.servers {
		active, dials, failed := make([]int, len(f.samples)), make([]int, len(f.samples)), make([]int, len(f.samples))
		for i, at := range f.samples {
			active[i], s.Up[i] = at.active[n], at.up
			from := min(i*per, len(f.servers[n].dials))
			to := min(from+per, len(f.servers[n].dials))
			dials[i], failed[i] = total(f.servers[n].dials[from:to]), total(f.servers[n].failed[from:to])
		}
		s.Active, s.Dials, s.Failed = append(s.Active, active), append(s.Dials, dials), append(s.Failed, failed)
	}
	return s
}
