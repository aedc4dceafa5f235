package poolcore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

const limit = 2 * time.Second

func tooLate(addr string) error {
	return fmt.Errorf("%s: no answer within %v: %w", addr, limit, context.DeadlineExceeded)
}

// lateRig has a dial to A as 1 that is late, and a caller that was answered so.
func lateRig(t *testing.T) *rig {
	r := newRig(t)
	r.core.cfg.Dial = limit
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.now = r.now.Add(limit)
	r.tell(DialLate{Addr: addrA, Session: 1, Err: tooLate(addrA)}, "answer ann: "+tooLate(addrA).Error())
	return r
}

// second has another dial made in addition to the late one, as 2.
func (r *rig) second() {
	_, answers := dialed(r.core, r.now, connect(addrA))
	if _, backs := errors.AsType[*Refusal](answers[0]); !backs {
		r.t.Fatalf("%v: the late one may be about to come", answers)
	}
	r.now = r.now.Add(limit)
	r.tell(r.connect("bob", addrA, 0), "dial "+addrA+" as 2")
}

func TestADialThatIsLateIsUsedWhenItComes(t *testing.T) {
	r := lateRig(t)
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "arrived "+addrA)
	r.tell(r.connect("bob", addrA, 0), "answer bob: <nil>")
	r.sessions(1)
}

func TestTheFirstOfALateDialAndItsRetryIsUsed(t *testing.T) {
	t.Run("the late one", func(t *testing.T) {
		r := lateRig(t)
		r.second()
		r.tell(Dialed{Addr: addrA, Session: 1}, "abandon 2", "publish", "arrived "+addrA, "answer bob: <nil>")
		r.tell(Dialed{Addr: addrA, Session: 2, Err: errNobody})
		r.sessions(1)
		if e := r.core.dials.each.find(addrA); e.failures != 1 || e.timeouts != 0 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("the other one", func(t *testing.T) {
		r := lateRig(t)
		r.second()
		r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "answer bob: <nil>")
		r.tell(Dialed{Addr: addrA, Session: 1}, "retire 1: "+ErrIdle.Error())
		r.sessions(2)
	})
	t.Run("the other one, although it has come up in the same moment", func(t *testing.T) {
		r := lateRig(t)
		r.second()
		r.tell(Dialed{Addr: addrA, Session: 1}, "abandon 2", "publish", "arrived "+addrA, "answer bob: <nil>")
		r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
		r.sessions(1)
	})
}

func TestThereAreNeverMoreThanTwoDialsToAnAddress(t *testing.T) {
	r := lateRig(t)
	r.second()
	r.now = r.now.Add(limit)
	r.tell(DialLate{Addr: addrA, Session: 2, Err: tooLate(addrA)}, "answer bob: "+tooLate(addrA).Error())
	if r.core.current(addrA, 2) {
		t.Error("the server is judged twice by a dial that is late and then fails")
	}
	for range 100 {
		r.now = r.now.Add(limit)
		dials, answers := dialed(r.core, r.now, connect(addrA))
		if b, backs := errors.AsType[*Refusal](answers[0]); dials != nil || !backs || !b.Until.After(r.now) {
			t.Fatalf("%v, %v", dials, answers)
		}
	}
	// The second one has ended: there may be another one.
	r.tell(Dialed{Addr: addrA, Session: 2, Err: tooLate(addrA)})
	r.now = r.now.Add(pendingPause)
	r.tell(r.connect("eve", addrA, 0), "dial "+addrA+" as 3")
	r.tell(Dialed{Addr: addrA, Session: 1, Err: tooLate(addrA)}) // and the late one
	if e := r.core.dials.each.find(addrA); e.failures != 2 || e.timeouts != 2 {
		t.Errorf("%+v: what is late has failed once", e)
	}
}

func TestALateDialWithFormerCredentialsIsOfNoUse(t *testing.T) {
	r := lateRig(t)
	r.tell(Secured{}, "abandon 1")
	r.tell(Dialed{Addr: addrA, Session: 1}, "retire 1: "+ErrIdle.Error())
	r.sessions()
}

func TestALateDialInPlaceOfACutSessionIsReportedWhenItComes(t *testing.T) {
	r := up(t, addrA)
	r.core.last, r.core.cfg.Dial, r.core.cfg.Drain = 1, limit, renewPause/2
	r.tell(Secured{}, "dial "+addrA+" as 2")
	r.tell(r.distrust())
	r.expire(renewPause/2, "publish", "cut 1: "+ErrDrained.Error())
	r.tell(DialLate{Addr: addrA, Session: 2, Err: tooLate(addrA)})
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "arrived "+addrA, "replaced "+addrA)
}

func TestAReportOfADialThatHasEndedOrNeverWasIsIgnored(t *testing.T) {
	r := newRig(t)
	r.tell(DialLate{Addr: addrA, Session: 9, Err: tooLate(addrA)})
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.tell(DialLate{Addr: addrA, Session: 1, Err: tooLate(addrA)})
	r.sessions(1)
}

func TestTheDialLimitDoublesWhileDialsEndWithIt(t *testing.T) {
	b := NewBackoffs(func() float64 { return 0 })
	now := time.Unix(1000, 0)
	for i, want := range []time.Duration{limit, 2 * limit, 4 * limit, 4 * limit} {
		if got := b.Limits(addrA, limit, false); got != (Limits{Connect: want, Whole: longestDial}) {
			t.Errorf("dial %d: %v, want %v to connect", i, got, want)
		}
		if got := b.Limits(addrA, limit, true); got != (Limits{Connect: min(want, 2*limit), Whole: min(want, 2*limit)}) {
			t.Errorf("dial %d beside a late one: %v", i, got)
		}
		if got := b.Limits(addrB, limit, false).Connect; got != limit {
			t.Errorf("another address has %v", got)
		}
		b.Failed(now, Failure{Addr: addrA, Timeout: true}, false)
	}
	b.of.chance = Chance(func() float64 { return 1 })
	if got := b.Limits(addrA, limit, false).Connect; got != 5*limit {
		t.Errorf("by chance %v, want a quarter more", got)
	}
	b.Up(now, addrA, 7)
	if got := b.Limits(addrA, limit, false).Connect; got != limit {
		t.Errorf("after a success %v", got)
	}
	b.Failed(now, Failure{Addr: addrA, Timeout: true}, false)
	b.Failed(now, Failure{Addr: addrA, Err: errNobody}, false)
	if got := b.Limits(addrA, limit, false).Connect; got != limit {
		t.Errorf("after a refusal %v", got)
	}
}

// Whatever DialTimeout is, callers wait no longer and dials no shorter.
func TestLimitsAreNeverBelowTheConfiguredOne(t *testing.T) {
	for _, base := range []time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour, 365 * 24 * time.Hour} {
		b := NewBackoffs(func() float64 { return 1 })
		for range 5 {
			b.Failed(time.Unix(1000, 0), Failure{Addr: addrA, Timeout: true}, false)
			if l := b.Limits(addrA, base, false); l.Connect < base || l.Whole < l.Connect || l.Connect > max(base, longestDial) || l.Whole > max(base, longestDial) {
				t.Errorf("of %v: %v", base, l)
			}
		}
	}
}
