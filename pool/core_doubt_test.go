package pool

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestAPingIsGivenUpOnlyAfterItsAnswerCouldBeRead(t *testing.T) {
	for read, want := range map[bool][]string{true: nil, false: {"publish", silent(1)}} {
		r := up(t, addrA)
		r.use[1] = usage{busy: true, heard: r.now}
		r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
		r.expire(time.Hour) // the process was not run
		r.deadline(time.Second)
		if read {
			r.use[1] = usage{busy: true, heard: r.now}
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
		r.core.step(r.now, messages.Keepalive{Interval: keepalive})
		r.core.step(r.now, r.connect("ann", addrA, 0))
		r.core.step(r.now, messages.Dialed{Addr: addrA, Session: 1})
		r.core.take()
		began, pings := r.now, 0
		heard := r.now
		for r.now.Sub(began) < time.Hour {
			r.now = r.now.Add(time.Second)
			if every > 0 && r.now.Sub(began)%every == 0 {
				heard = r.now
			}
			r.core.expire(r.now, func(uint64) usage { return usage{busy: true, used: began, heard: heard} })
			for _, e := range r.core.take() {
				if _, ok := e.(ping); ok {
					pings, heard = pings+1, r.now
					r.core.step(r.now, messages.Pinged{Addr: addrA, Session: 1})
				}
			}
		}
		if pings != want {
			t.Errorf("with a server's ping every %v: %d pings of ours in an hour, want %d", every, pings, want)
		}
	}
}
