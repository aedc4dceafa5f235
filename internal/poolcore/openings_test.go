package poolcore

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// closedRig has a session on which streams wait since now, whose server answers pings
// and accepts none.
func closedRig(t *testing.T, corroborate bool) *rig {
	r := up(t, addrA)
	r.core.cfg.Corroborate = corroborate
	r.core.last = 1
	r.use[1] = Usage{Busy: true, Unopened: r.now, Heard: r.now}
	r.tell(Unopened{Session: 1})
	r.expire(0)
	r.expire(time.Second, "ping 1")
	r.tell(Pinged{Session: 1})
	return r
}

// The next session may be as bad: then it is tried again, less and less often.
func TestAServerThatOpensNoStreamOnNewConnectionsEitherIsDialedLessAndLess(t *testing.T) {
	for name, fail := range map[string]func(r *rig, session uint64){
		"is not reached": func(r *rig, session uint64) {
			r.tell(Dialed{Addr: addrA, Session: session, Err: errors.New("refused")})
		},
		"answers no call": func(r *rig, session uint64) {
			r.tell(Dialed{Addr: addrA, Session: session}, fmt.Sprintf("ask %d", session))
			r.tell(Served{Addr: addrA, Session: session, Err: errors.New("no answer")}, fmt.Sprintf("retire %d: %v", session, ErrIdle))
			r.expire(0, fmt.Sprintf("release %d", session))
			r.tell(Disconnected{Addr: addrA, Session: session, Err: ErrIdle})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := closedRig(t, false)
			begin, last, dials := r.now, r.now, 0
			var pauses []time.Duration
			for r.now.Sub(begin) < 10*time.Minute {
				r.use[1] = Usage{Busy: true, Unopened: begin.Add(-time.Second), Heard: r.now}
				at := r.core.Deadline()
				r.now = at
				r.core.Expire(at)
				for _, e := range r.core.Take() {
					switch e := e.(type) {
					case Dial:
						dials++
						pauses, last = append(pauses, at.Sub(last)), at
						fail(r, e.Session)
					case Ping:
						r.tell(Pinged{Session: 1})
					case Trim:
					default:
						t.Fatalf("%T", e)
					}
				}
			}
			for i := 1; i < len(pauses); i++ {
				if pauses[i] < pauses[i-1] || pauses[i] > 2*reopenMost*time.Second {
					t.Errorf("pauses %v", pauses)
				}
			}
			if dials > 16 || pauses[0] != time.Second {
				t.Errorf("%d dials in 10 min: %v", dials, pauses)
			}
			r.sessions(1)
		})
	}
}

func TestASlowAcceptLoopIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		unopened func(begin, now time.Time) time.Time
	}{
		"all are acknowledged late": {func(begin, now time.Time) time.Time {
			if now.Sub(begin) < 1900*time.Millisecond {
				return begin
			}
			return time.Time{}
		}},
		"one a second is": {func(begin, now time.Time) time.Time { return now.Add(-now.Sub(begin) % (1200 * time.Millisecond)) }},
	} {
		t.Run(name, func(t *testing.T) {
			r := up(t, addrA)
			begin := r.now
			r.tell(Unopened{Session: 1})
			for range 1000 {
				r.now = r.now.Add(100 * time.Millisecond)
				r.use[1] = Usage{Busy: true, Unopened: c.unopened(begin, r.now), Heard: r.now}
				r.core.Expire(r.now)
				for _, e := range r.core.Take() {
					switch e.(type) {
					case Ping:
						r.tell(Pinged{Session: 1})
					case Trim:
					default:
						t.Fatalf("after %v: %T", r.now.Sub(begin), e)
					}
				}
			}
		})
	}
}

// A round trip of 3 s delays acknowledgements and answers to pings alike.
func TestAFarServerThatAcknowledgesBehindItsPingsIsNone(t *testing.T) {
	r := up(t, addrA)
	r.use[1] = Usage{Busy: true, Unopened: r.now, Heard: r.now}
	r.tell(Unopened{Session: 1})
	r.core.cfg.Ping = time.Minute // nothing is said of that here
	r.expire(0)
	r.expire(time.Second, "ping 1")
	for range 3 {
		r.expire(time.Second)
	}
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.tell(Pinged{Session: 1})
	r.expire(time.Second)
	r.expire(time.Minute)
	if at := r.core.sessions.find(1).openings; at != (openings{}) {
		t.Fatalf("%+v", at)
	}
}

func TestAProcessThatStoodStillBlamesNoServerForItsOpenings(t *testing.T) {
	r := closedRig(t, false)
	r.expire(time.Minute) // the reading goroutine has not run either
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.expire(time.Second)
	r.expire(time.Second)
}

func TestASessionThatOpensStreamsAgainIsForgiven(t *testing.T) {
	r := closedRig(t, false)
	r.expire(time.Second, "dial "+addrA+" as 2")
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.expire(2 * time.Second)
	if r.core.sessions.find(1).unfit() {
		t.Fatal("it is thought to open no stream still")
	}
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.sessions(1)
}
