package poolcore

import (
	"context"
	"errors"
	"testing"
	"time"
)

const (
	elsewhereAnswers = "none within 2s, while another server answers"
	anewWorks        = "none within 2s, while a new connection works"
)

func notServing(why string) string { return ErrNotServing.Error() + ": " + why }

// servingRig has a session on which bytes come in and a call is late: a Status.Ping has
// just been sent on it.
func servingRig(t *testing.T) *rig {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.core.last = 1
	r.chatter(1)
	r.tell(Late{Session: 1}, "ask 1")
	return r
}

// chatter has bytes come in on a session from now on, and no answer.
func (r *rig) chatter(session uint64) {
	u := r.use[session]
	u.Busy, u.Heard, u.Used = true, r.now, r.now
	r.use[session] = u
}

// answers has a call on a session answered now.
func (r *rig) answers(session uint64) {
	r.chatter(session)
	u := r.use[session]
	u.Answered = r.now
	r.use[session] = u
}

func TestAServerThatAnswersNoCallIsLeftWhateverBytesItSends(t *testing.T) {
	r := servingRig(t)
	r.tell(Late{Session: 1}) // one at a time
	r.chatter(1)
	r.expire(time.Second, "suspect "+addrA)
	r.tell(Corroborated{Addr: addrA})
	r.chatter(1)
	r.expire(time.Second, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
	r.sessions()
	r.tell(Late{Session: 1}) // it was left
	r.tell(Served{Addr: addrA, Session: 1, Err: errors.New("no answer")})
	r.tell(Corroborated{Addr: addrA})
	// A call that must not be made twice is still on it, and ends in its own time.
	r.expire(time.Hour)
	r.use[1] = Usage{Used: r.now.Add(-time.Second)}
	r.tell(Drained{Session: 1})
	r.expire(0, "release 1")
}

func TestAServerThatAnswersOneCallServes(t *testing.T) {
	for name, answer := range map[string]func(r *rig){
		"the ping":     func(r *rig) { r.tell(Served{Addr: addrA, Session: 1}) },
		"another call": func(r *rig) { r.answers(1) },
	} {
		t.Run(name, func(t *testing.T) {
			r := servingRig(t)
			r.expire(1500*time.Millisecond, "suspect "+addrA)
			r.tell(Corroborated{Addr: addrA})
			answer(r)
			r.expire(500 * time.Millisecond)
			r.sessions(1)
			r.tell(Served{Addr: addrA, Session: 1, Err: context.DeadlineExceeded}) // or it was answered before
			// It is not asked again at once.
			r.tell(Late{Session: 1})
			r.expire(time.Second)
			r.tell(Late{Session: 1}, "ask 1")
		})
	}
}

func TestNoOtherServerIsTroubledForAServerThatAnswersSoon(t *testing.T) {
	r := servingRig(t)
	r.tell(Served{Addr: addrA, Session: 1})
	r.expire(time.Second)
	r = servingRig(t)
	r.expire(900 * time.Millisecond)
	r.answers(1)
	r.expire(100 * time.Millisecond)
}

func TestACorroboratorThatAnswersLateDecidesAllTheSame(t *testing.T) {
	r := servingRig(t)
	r.chatter(1)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(Corroborated{Addr: addrA})
	r.deadline(0)
	r.chatter(1)
	r.expire(0, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
}

func TestAnAnswerBeforeALateCorroboratorCounts(t *testing.T) {
	r := servingRig(t)
	r.chatter(1)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.now = r.now.Add(time.Millisecond)
	r.answers(1)
	r.tell(Corroborated{Addr: addrA})
	r.expire(0)
	r.sessions(1)
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
}

// Where no other server answers, the server's own address does, or nothing is left:
// a connection that comes up has to answer a call before it takes the old one's place.
func TestANewConnectionTestifiesByAnsweringACall(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"it answers": {nil, []string{
			"publish", "replaced " + addrA, "retire 1: " + notServing(anewWorks), "desert 1: " + notServing(anewWorks),
		}},
		"it does not": {context.DeadlineExceeded, []string{"retire 2: " + ErrIdle.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			r := servingRig(t)
			r.chatter(1)
			r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
			r.tell(Dialed{Addr: addrA, Session: 2}, "ask 2")
			r.sessions(1)
			r.chatter(2)
			r.expire(2 * time.Second) // no server is asked about the new one
			r.tell(Served{Addr: addrA, Session: 2, Err: c.err}, c.want...)
			if c.err == nil {
				r.sessions(2)
				if !r.core.Superseded(addrA, 1) {
					t.Error("the server is judged by the session that was left")
				}
			} else {
				r.sessions(1)
			}
		})
	}
}

func TestANewConnectionIsLetGoWhenTheOldOneAnswersAfterAll(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.tell(Served{Addr: addrA, Session: 1})
	r.tell(Served{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.sessions(1)
}

func TestANewConnectionThatBreaksMakesRoomForTheNext(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.tell(Disconnected{Addr: addrA, Session: 2})
	r.tell(Served{Addr: addrA, Session: 2, Err: errors.New("broken")})
	r.tell(Served{Addr: addrA, Session: 1, Err: errors.New("no answer")})
	r.expire(time.Minute)
	r.tell(Late{Session: 1}, "ask 1")
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 3")
}

func TestNewCredentialsTakeThePlaceOfACorroboratingConnection(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.tell(Secured{}, "dial "+addrA+" as 3")
	r.tell(Served{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(Dialed{Addr: addrA, Session: 3}, "publish", "retire 1: "+ErrRenewed.Error())
	r.sessions(3)
}

// With nothing to leave to, the pings become rare.
func TestTheOnlyServerIsAskedLessAndLessOften(t *testing.T) {
	r := servingRig(t)
	var asks []time.Duration
	last := r.now
	for range 3000 { // callers repeat themselves every second
		r.chatter(1)
		r.now = r.now.Add(time.Second)
		r.core.Expire(r.now)
		if s := r.core.sessions.find(1); s.served().out && r.at().Sub(s.served().asked) >= 4*time.Second {
			r.core.Step(r.now, Served{Addr: addrA, Session: 1, Err: context.DeadlineExceeded})
		}
		r.core.Step(r.now, Late{Session: 1})
		for _, e := range r.core.Take() {
			switch e := e.(type) {
			case Ask:
				asks = append(asks, r.now.Sub(last))
				last = r.now
			case Dial:
				r.core.Step(r.now, Dialed{Addr: addrA, Session: e.Session, Err: errors.New("refused")})
			case Desert, Cut:
				t.Fatalf("%T", e)
			}
		}
	}
	for i, want := range []time.Duration{5, 6, 8, 12, 20, 34, 34} {
		if asks[i] != want*time.Second {
			t.Fatalf("the pauses are %v", asks[:7])
		}
	}
}

// A caller that leaves before its call is late is evidence too.
func TestACallerThatLeavesEarlyHasTheServerLookedAt(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(r *rig)
		want      []string
	}{
		"nothing":            {func(*rig) {}, []string{"ask 1"}},
		"bytes":              {func(r *rig) { r.chatter(1) }, []string{"ask 1"}},
		"another was served": {func(r *rig) { r.answers(1) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := up(t, addrA)
			r.core.cfg.Corroborate = true
			begin := r.now
			r.expire(500 * time.Millisecond)
			r.tell(Unanswered{Session: 1, Since: begin, Late: begin.Add(time.Second)})
			r.deadline(500 * time.Millisecond)
			r.tell(Unanswered{Session: 1, Since: r.now, Late: r.now.Add(time.Second)}) // the first counts
			c.meanwhile(r)
			r.expire(500*time.Millisecond, c.want...)
		})
	}
}

func TestCallersThatLeaveAServerThatServesCostAPingNowAndThen(t *testing.T) {
	r := up(t, addrA)
	asks := 0
	for range 600 { // a minute of callers that leave after 100 ms
		r.now = r.now.Add(100 * time.Millisecond)
		r.core.Step(r.now, Unanswered{Session: 1, Since: r.now.Add(-100 * time.Millisecond), Late: r.now.Add(900 * time.Millisecond)})
		r.core.Expire(r.now)
		for _, e := range r.core.Take() {
			if _, is := e.(Ask); is {
				asks++
				r.answers(1)
				r.core.Step(r.now, Served{Addr: addrA, Session: 1})
			}
		}
	}
	if asks < 5 || asks > 12 {
		t.Errorf("%d pings in a minute", asks)
	}
}

func TestALargeMessageUnderWayPutsTheJudgementOffAndNotForEver(t *testing.T) {
	r := servingRig(t)
	r.expire(time.Second, "suspect "+addrA)
	r.tell(Corroborated{Addr: addrA})
	for range bulkExtensions {
		u := r.use[1]
		u.Heard, u.Bulk = r.now, r.now
		r.use[1] = u
		r.expire(time.Second)
	}
	r.expire(time.Second, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
}

// A session on which nothing at all comes in ends with what is on it, as ever.
func TestSilenceIsJudgedBySilence(t *testing.T) {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.tell(Late{Session: 1}, "ask 1")
	r.expire(500 * time.Millisecond)
	r.tell(Overdue{Session: 1}, "ping 1") // the Status.Ping was sent a moment ago
	r.expire(500*time.Millisecond, "suspect "+addrA)
	r.tell(Corroborated{Addr: addrA})
	r.expire(time.Second)
	r.expire(500*time.Millisecond, "publish", silent(1))
}

func TestAProcessThatStoodStillHasTheAnswerReadFirst(t *testing.T) {
	r := servingRig(t)
	r.tell(Corroborated{Addr: addrA})
	r.expire(time.Hour)
	r.deadline(time.Second)
	r.answers(1)
	r.expire(time.Second)
	r.sessions(1)
}

// What is on a session that left use waits like any other, and its server is judged by
// the session in use.
func TestASessionThatLeftUseIsLeftByItsCallsAlone(t *testing.T) {
	eachLeave(t, func(_ *testing.T, r *rig) {
		r.core.cfg.Corroborate = true
		r.tell(Late{Session: 1}, "ask 1")
		r.tell(Corroborated{Addr: addrA})
		r.chatter(1)
		r.expire(2*time.Second, "desert 1: "+notServing(elsewhereAnswers))
	})
}

// The new connection is up already: no dial is under way that would bring another one.
func TestWithdrawnTrustDoesNotWaitForAConnectionThatIsToTestify(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.core.sessions.find(1).until = r.at() // as a withdrawal before has it
	r.expire(0, "publish", "cut 1: "+ErrDrained.Error(), "dial "+addrA+" as 3")
	r.tell(r.connect("ann", addrA, 0))
	r.tell(Served{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(Dialed{Addr: addrA, Session: 3}, "publish", "replaced "+addrA, "answer ann: <nil>")
}
