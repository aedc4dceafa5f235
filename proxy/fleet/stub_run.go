package fleet

import "time"

// Advance runs so much of virtual time; false: the end.
func (f *Fleet) Advance(d time.Duration) bool {
	end := f.cfg.Warm + f.cfg.For
	to := min(f.now+d, end)
	for len(f.queue.heap) > 0 && f.queue.heap[0].at < to {
		f.one(f.queue.pop())
	}
	f.now = to
	return to < end
}

// Now is since the run began.
func (f *Fleet) Now() time.Duration { return f.now - f.cfg.Warm }

// Out is the agents that are out now.
func (f *Fleet) Out() int {
	n := 0
	for i := range f.agents {
		if f.agents[i].outSince > 0 {
			n++
		}
	}
	return n
}
