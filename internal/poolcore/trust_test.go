package poolcore

import (
	"errors"
	"testing"
)

// distrust is the message that no session is trusted, from now on.
func (r *rig) distrust() Checked {
	var m Checked
	for _, s := range r.core.sessions {
		m.Distrusted = append(m.Distrusted, Distrusted{Session: s.id, Since: r.now})
	}
	return m
}

var errUntrusted = errors.New("another CA")

func TestAServerThatIsNotTrustedAnyMoreIsLeftWhenItWasDialedInVain(t *testing.T) {
	left := []string{"publish", "retire 1: " + errDistrusted.Error()}
	for name, play := range map[string]func(r *rig){
		"the dial fails after the check": func(r *rig) {
			r.tell(Secured{}, "dial "+addrA+" as 2")
			r.tell(r.distrust())
			r.tell(Dialed{Addr: addrA, Session: 2, Err: errUntrusted}, left...)
		},
		"and before it": func(r *rig) {
			r.tell(Secured{}, "dial "+addrA+" as 2")
			r.tell(Dialed{Addr: addrA, Session: 2, Err: errUntrusted})
			r.tell(r.distrust(), left...)
		},
		"it is late": func(r *rig) {
			r.tell(Secured{}, "dial "+addrA+" as 2")
			r.tell(r.distrust())
			r.tell(DialLate{Addr: addrA, Session: 2, Err: tooLate(addrA)}, left...)
		},
		"no dial was under way": func(r *rig) {
			r.tell(r.distrust(), "dial "+addrA+" as 2")
			r.tell(Dialed{Addr: addrA, Session: 2, Err: errUntrusted}, left...)
		},
		"a dial for a better session was": func(r *rig) {
			r.tell(r.renew("op"), "dial "+addrA+" as 2")
			r.tell(r.distrust(), "dial "+addrA+" as 3")
			r.tell(Dialed{Addr: addrA, Session: 2, Err: errUntrusted}, "answer op: "+errUntrusted.Error())
			r.tell(Dialed{Addr: addrA, Session: 3, Err: errUntrusted}, left...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := up(t, addrA)
			r.core.last = 1
			r.use[1] = Usage{Busy: true, Used: r.now}
			play(r)
			if r.core.found(addrA) != nil {
				t.Error("calls find its session")
			}
			// What is on it has the time to drain, and no more.
			r.expire(drainTime - 1)
			r.expire(1, "cut 1: "+ErrDrained.Error())
		})
	}
}

// A dial that came up late, in spite of all, is for the calls that come.
func TestAServerThatWasLeftAndAnswersAfterAllIsUsed(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	r.tell(Secured{}, "dial "+addrA+" as 2")
	r.tell(r.distrust())
	r.tell(DialLate{Addr: addrA, Session: 2, Err: tooLate(addrA)}, "publish", "retire 1: "+errDistrusted.Error())
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "arrived "+addrA)
}

func TestTrustThatComesBackInTimeEndsNothing(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	busy := Usage{Busy: true, Used: r.now}
	r.use[1], r.use[2] = busy, busy
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(r.distrust(), "dial "+addrA+" as 2")
	r.now = r.now.Add(drainTime / 2)
	r.tell(Checked{Trusted: []uint64{1, 2, 7}})
	r.expire(drainTime) // nor does the one that is retired
	r.sessions(1)
}

func TestADialUnderWayIsMadeAgainWhenMoreServersAreTrusted(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	r.tell(r.connect("ann", addrB, 0), "dial "+addrB+" as 2")
	r.tell(Retrusted{}, "abandon 2", "dial "+addrB+" as 3")
	r.tell(Dialed{Addr: addrB, Session: 2, Err: errUntrusted})
	r.tell(Dialed{Addr: addrB, Session: 3}, "publish", "answer ann: <nil>")
	r.tell(Retrusted{}) // the sessions stay
}

// Credentials that change again and again while nothing answers do not pile up dials.
func TestDialsForCredentialsThatAreReplacedDoNotPileUp(t *testing.T) {
	r := newRig(t)
	for _, addr := range []string{addrA, addrB} {
		r.tell(r.connect("ann", addr, 0), "dial "+addr+" as "+map[string]string{addrA: "1", addrB: "2"}[addr])
		r.core.Step(r.now, Dialed{Addr: addr, Session: map[string]uint64{addrA: 1, addrB: 2}[addr]})
		r.core.Take()
	}
	dials, given := 0, 0
	for range 1000 {
		r.core.Step(r.now, Secured{})
		for _, e := range r.core.Take() {
			switch e.(type) {
			case Dial:
				dials++
			case Abandon:
				given++
			}
		}
		if n := len(r.core.slots.queue); n > 2 {
			t.Fatalf("%d dials wait", n)
		}
	}
	if n := len(r.core.slots.running); n > maxDials || dials-given > n {
		t.Errorf("%d dials, %d given up, %d under way", dials, given, n)
	}
}
