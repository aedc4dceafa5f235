package main

import (
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// How long it is known when the machine did not run the soak, which is longer than
// anything lasts that is judged by its time; and how long after its end that is
// judged: by then it is known.
const (
	stallsKept = 2 * time.Minute
	hearsay    = time.Second
)

// stalled notes a time in which the machine did not run the soak.
func (p *page) stalled(s testutil.Stall) {
	for len(p.stalls) > 0 && s.To.Sub(p.stalls[0].To) > stallsKept {
		p.stalls = p.stalls[1:]
	}
	p.stalls = append(p.stalls, s)
}

// suspect is something that took too long by the clock.
type suspect struct {
	begin, end time.Time
	most       time.Duration
	report     func(excess time.Duration) // that it did so without the machine
}

// suspect has it judged soon, if it has taken longer than most.
func (p *page) suspect(begin, end time.Time, most time.Duration, report func(excess time.Duration)) {
	if end.Sub(begin) > most {
		p.suspects = append(p.suspects, suspect{begin, end, most, report})
	}
}

// judge judges what had ended by then, without the time that the machine did not
// run of it.
func (p *page) judge(by time.Time) {
	var later []suspect
	for _, s := range p.suspects {
		if s.end.After(by) {
			later = append(later, s)
			continue
		}
		if excess := s.end.Sub(s.begin) - testutil.Stalled(p.stalls, s.begin, s.end) - s.most; excess > 0 {
			s.report(excess)
		}
	}
	p.suspects = later
}
