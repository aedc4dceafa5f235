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

// A session on which something comes in every 30 s costs no ping; one on which nothing does
// costs one for each keepalive.
func TestWhatComesInSavesPings(t *testing.T) {
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
			t.Errorf("something comes in every %v: %d pings in an hour, want %d", every, pings, want)
		}
	}
}

// A hundred thousand agents ask their servers for life all the time. If each of these asked
// another server as well, or dialed it, the cluster would have no rest.
func TestAServerThatAnswersAKeepaliveHasNoOtherOneAsked(t *testing.T) {
	for _, answered := range []bool{true, false} {
		r := up(t, addrA)
		r.core.cfg.Corroborate = true
		r.tell(Keepalive{Interval: 20 * time.Second})
		r.use[1] = Usage{Busy: true, Used: r.now, Heard: r.now}
		r.expire(20*time.Second, "ping 1")
		if answered {
			r.use[1] = Usage{Busy: true, Used: r.now, Heard: r.now.Add(time.Millisecond)}
			r.expire(time.Second)
			r.tell(Pinged{Session: 1})
			r.expire(time.Second)
			continue
		}
		r.expire(time.Second, "suspect "+addrA)
		r.tell(Corroborated{Addr: addrA})
		r.expire(time.Second, "publish", silent(1))
	}
}

// A call that is overdue while the ping of a keepalive is out waits no longer for another server.
func TestACallThatIsOverdueDuringAKeepaliveHasAnotherServerAsked(t *testing.T) {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.tell(Keepalive{Interval: 20 * time.Second})
	r.use[1] = Usage{Busy: true, Used: r.now, Heard: r.now}
	r.expire(20*time.Second, "ping 1")
	r.expire(time.Second / 2)
	r.tell(Overdue{Session: 1}, "suspect "+addrA)
	r.tell(Overdue{Session: 1})
	r.expire(time.Second / 2)
}
