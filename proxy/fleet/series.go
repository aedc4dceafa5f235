package fleet

import "time"

// Series is a run over time, for plots. The first index is the server's, the second the
// step's; each has as many steps as Up.
type Series struct {
	Step    time.Duration // from one value to the next; the first is that of the beginning
	Active  [][]int       // agents with that server in front, at the time
	Dials   [][]int       // that reached the server, or its kernel, during the step
	Failed  [][]int       // dials that failed, during the step
	Refused [][]int       // those of them that failed at once
	Up      []int         // servers that were up, at the time
}

// Series is the run's, in steps of a second.
func (f *Fleet) Series() *Series {
	s := &Series{Step: time.Second}
	for i := range f.samples {
		s.Up = append(s.Up, f.samples[i].up)
	}
	for n := range f.servers {
		active := make([]int, len(f.samples))
		for i := range f.samples {
			active[i] = f.samples[i].active[n]
		}
		s.Active = append(s.Active, active)
		s.Dials = append(s.Dials, f.servers[n].dials.Steps(len(f.samples)))
		s.Failed = append(s.Failed, f.servers[n].failed.Steps(len(f.samples)))
		s.Refused = append(s.Refused, f.servers[n].refused.Steps(len(f.samples)))
	}
	return s
}
