package poolcore

import (
	"testing"
	"time"
)

func TestAPingIsGivenUpOnlyAfterItsAnswerCouldBeRead(t *testing.T) {
	for read, want := range map[bool][]string{true: nil, false: {"publish", silent(1)}} {
		r := up(t, addrA)
		r.use[1] = Usage{Busy: true, Heard: r.now}
		r.tell(Overdue{Session: 1}, "ping 1")
		r.expire(time.Hour) // the process was not run
		r.deadline(time.Second)
		if read {
			r.use[1] = Usage{Busy: true, Heard: r.now}
		}
		r.expire(time.Second, want...)
	}
}

// A server that pings its clients every 30 s costs no ping of ours; one that never does
// costs one for each keepalive; one that falls silent is asked that long afterwards.
func TestAServersOwnPingsAreSignsOfLife(t *testing.T) {
	const keepalive = 35 * time.Second
	for every, want := range map[time.Duration]int{30 * time.Second: 0, 0: 102} {
		r := newRig(t)
		r.core.Step(r.now, Keepalive{Interval: keepalive})
		r.core.Step(r.now, r.connect("ann", addrA, 0))
		r.core.Step(r.now, Dialed{Addr: addrA, Session: 1})
		r.core.Take()
		began, pings := r.now, 0
		heard := r.now
		for r.now.Sub(began) < time.Hour {
			r.now = r.now.Add(time.Second)
			if every > 0 && r.now.Sub(began)%every == 0 {
				heard = r.now
			}
			r.use[1] = Usage{Busy: true, Used: began, Heard: heard}
			r.core.Expire(r.now)
			for _, e := range r.core.Take() {
				if _, ok := e.(Ping); ok {
					pings, heard = pings+1, r.now
					r.core.Step(r.now, Pinged{Session: 1})
				}
			}
		}
		if pings != want {
			t.Errorf("with a server's ping every %v: %d pings of ours in an hour, want %d", every, pings, want)
		}
	}
}
