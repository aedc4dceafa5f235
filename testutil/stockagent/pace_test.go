package stockagent

import (
	"errors"
	"testing"
	"time"
)

var (
	errNoLeader = errors.New("rpc error: No cluster leader")
	errAny      = errors.New("EOF")
)

// fresh is the pace of a node that registered at begin and was granted 20 s; chance gives
// that share of what it may.
func fresh(share float64) (p *pace, begin time.Time) {
	p = &pace{grace: 10 * time.Second, chance: func(most time.Duration) time.Duration {
		return time.Duration(share * float64(most))
	}}
	begin = time.Unix(1000, 0)
	p.registered(begin, 20*time.Second)
	return p, begin
}

func TestAHeartbeatThatFailedComesAgainSoonerTheLessTimeIsLeft(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		at    time.Duration // since the registration
		err   error
		share float64
		pause time.Duration
	}{
		{0, errAny, 0.5, 10 * s},                            // some part of the time that is left
		{16 * s, errAny, 0.5, 2 * s},                        //
		{19 * s, errAny, 0.5, s + s/2},                      // never less than a second
		{20 * s, errAny, 0.5, s + s/2},                      // the TTL is over
		{49 * s, errAny, 0.9, s + 9*s/10},                   //
		{60 * s, errAny, 0.5, 20 * s},                       // it is very late: ever longer
		{300 * s, errAny, 0.5, 30*s - 5*s/2},                // up to half a minute
		{0, errNoLeader, 0.5, 15*s + 15*s/2},                // no leader: long, whenever it is
		{60 * s, errNoLeader, 0, 15 * s},                    //
		{16 * s, errNoLeader, 0.9, 15*s + 13*s + 500*s/1e3}, //
	} {
		p, begin := fresh(c.share)
		if next := p.failed(begin.Add(c.at), c.err); next.Sub(begin) != c.at+c.pause {
			t.Errorf("%v after %v: a pause of %v, want %v", c.err, c.at, next.Sub(begin)-c.at, c.pause)
		}
	}
}

func TestAHeartbeatIsDueWhenTheTTLOfTheLastOneIsOver(t *testing.T) {
	p, begin := fresh(0.5)
	p.bring(begin) // the first one comes at once
	now := begin.Add(time.Second)
	if next := p.succeeded(now, 12*time.Second); next != now.Add(12*time.Second) || p.MaxLate != time.Second {
		t.Errorf("%v after %v, late %v", next.Sub(now), 12*time.Second, p.MaxLate)
	}
	p.bring(now.Add(30 * time.Second)) // later than it is due
	if p.due != now.Add(12*time.Second) {
		t.Errorf("a later time has put it off to %v", p.due.Sub(now))
	}
}

func TestAHeartbeatIsMissedOnceWhenTheGraceIsOver(t *testing.T) {
	p, begin := fresh(0.5)
	at := begin.Add
	p.failed(at(29*time.Second), errAny)
	p.failed(at(30*time.Second), errAny)
	if p.Missed != 0 {
		t.Error("missed within the grace")
	}
	p.failed(at(30*time.Second+1), errAny)
	p.failed(at(40*time.Second), errAny)
	p.succeeded(at(50*time.Second), 20*time.Second)
	if want := (Pace{Heartbeats: 1, FailedHeartbeats: 4, Late: 1, Missed: 1, MaxLate: 30 * time.Second}); p.Pace != want {
		t.Errorf("%+v, want %+v", p.Pace, want)
	}
	p.succeeded(at(80*time.Second), 20*time.Second) // the last moment
	p.succeeded(at(110*time.Second+1), 20*time.Second)
	if p.Missed != 2 || p.Late != 1 || p.Heartbeats != 3 {
		t.Errorf("%+v", p.Pace)
	}
}

func TestARegistrationBeginsTheTimeAnewAndIsNoHeartbeat(t *testing.T) {
	p, begin := fresh(0.5)
	p.failed(begin.Add(time.Minute), errAny)
	p.registered(begin.Add(61*time.Second), 20*time.Second)
	p.succeeded(begin.Add(81*time.Second), 20*time.Second)
	if want := (Pace{Heartbeats: 1, FailedHeartbeats: 1, Missed: 1, MaxLate: 40 * time.Second}); p.Pace != want {
		t.Errorf("%+v, want %+v", p.Pace, want)
	}
}
