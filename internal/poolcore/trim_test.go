package poolcore

import (
	"testing"
	"time"
)

// trims lets time pass until something is due, and counts the trims of session 1.
func (r *rig) trims(forTime time.Duration) (at []time.Duration) {
	for end := r.now.Add(forTime); ; {
		next := r.core.Deadline()
		if next.IsZero() || next.After(end) {
			r.now = end
			return at
		}
		r.now = next
		r.core.Expire(next)
		for _, e := range r.core.Take() {
			if trim, ok := e.(Trim); ok && trim.Session == 1 {
				at = append(at, forTime-end.Sub(next))
			}
		}
	}
}

func TestASessionIsTrimmedOnlyForAsLongAsItHasTooManyIdleStreams(t *testing.T) {
	r := up(t, addrA)
	r.core.Step(r.now, Retain{Addr: addrA}) // it is not idle
	if at := r.trims(time.Hour); at != nil {
		t.Fatalf("trimmed after %v although nobody asked for it", at)
	}
	r.tell(Surplus{Session: 1})
	r.now = r.now.Add(trimPause / 2)
	r.tell(Surplus{Session: 1}) // the trim that is due is not put off
	r.use[1] = Usage{Used: r.now, Surplus: true}
	at := r.trims(2 * time.Minute)
	if len(at) != 8 || at[0] != trimPause/2 {
		t.Fatalf("trimmed after %v", at)
	}
	r.use[1] = Usage{Used: r.now}
	if at := r.trims(time.Hour); at != nil {
		t.Fatalf("trimmed after %v although few are left", at)
	}
	r.tell(Surplus{Session: 1})
	r.use[1] = Usage{Used: r.now, Surplus: true}
	if at := r.trims(time.Minute); len(at) != 4 {
		t.Fatalf("trimmed after %v when there are many again", at)
	}
}

// A session that was retired keeps its idle streams for as long as it drains.
func TestARetiredSessionIsTrimmedToo(t *testing.T) {
	r := moved(t)
	r.use[1] = Usage{Busy: true, Used: r.now, Surplus: true}
	r.tell(Surplus{Session: 1})
	if at := r.trims(time.Minute); len(at) != 4 {
		t.Fatalf("trimmed after %v", at)
	}
}

func TestASessionThatHasEndedIsNotTrimmed(t *testing.T) {
	r := up(t, addrA)
	r.tell(Surplus{Session: 1})
	r.use[1] = Usage{Used: r.now, Surplus: true}
	r.core.Step(r.now, Disconnected{Addr: addrA, Session: 1, Err: ErrIdle})
	r.core.Step(r.now, Surplus{Session: 1})
	r.core.Take()
	if at := r.trims(time.Hour); at != nil {
		t.Fatalf("trimmed after %v", at)
	}
}

// Agents that had a burst together do not close their streams in step.
func TestNoTwoAgentsTrimAtTheSameTime(t *testing.T) {
	const agents = 100
	times := make(map[time.Duration]bool)
	for i := range agents {
		r := up(t, addrA)
		r.env.chance = func() float64 { return float64(i) / agents }
		r.tell(Surplus{Session: 1})
		after := r.core.Deadline().Sub(r.now)
		if after < trimPause*3/4 || after > trimPause*5/4 || times[after] {
			t.Fatalf("agent %d trims after %v", i, after)
		}
		times[after] = true
	}
}
