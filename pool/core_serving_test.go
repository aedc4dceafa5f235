package pool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
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
	r.core.cfg.corroborate = true
	r.core.last = 1
	r.chatter(1)
	r.tell(messages.Late{Addr: addrA, Session: 1}, "ask 1")
	return r
}

// chatter has bytes come in on a session from now on, and no answer.
func (r *rig) chatter(session uint64) {
	u := r.use[session]
	u.busy, u.heard, u.used = true, r.now, r.now
	r.use[session] = u
}

// answers has a call on a session answered now.
func (r *rig) answers(session uint64) {
	r.chatter(session)
	u := r.use[session]
	u.answered = r.now
	r.use[session] = u
}

func TestAServerThatAnswersNoCallIsLeftWhateverBytesItSends(t *testing.T) {
	r := servingRig(t)
	r.tell(messages.Late{Addr: addrA, Session: 1}) // one at a time
	r.chatter(1)
	r.expire(time.Second, "suspect "+addrA)
	r.tell(messages.Corroborated{Addr: addrA})
	r.chatter(1)
	r.expire(time.Second, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
	r.sessions()
	r.tell(messages.Late{Addr: addrA, Session: 1}) // it was left
	r.tell(messages.Served{Addr: addrA, Session: 1, Err: errors.New("no answer")})
	r.tell(messages.Corroborated{Addr: addrA})
	// A call that must not be made twice is still on it, and ends in its own time.
	r.expire(time.Hour)
	r.use[1] = usage{used: r.now.Add(-time.Second)}
	r.tell(messages.Drained{Addr: addrA, Session: 1})
	r.expire(0, "shut 1")
}

func TestAServerThatAnswersOneCallServes(t *testing.T) {
	for name, answer := range map[string]func(r *rig){
		"the ping":     func(r *rig) { r.tell(messages.Served{Addr: addrA, Session: 1}) },
		"another call": func(r *rig) { r.answers(1) },
	} {
		t.Run(name, func(t *testing.T) {
			r := servingRig(t)
			r.expire(1500*time.Millisecond, "suspect "+addrA)
			r.tell(messages.Corroborated{Addr: addrA})
			answer(r)
			r.expire(500 * time.Millisecond)
			r.sessions(1)
			r.tell(messages.Served{Addr: addrA, Session: 1, Err: context.DeadlineExceeded}) // or it was answered before
			// It is not asked again at once.
			r.tell(messages.Late{Addr: addrA, Session: 1})
			r.expire(time.Second)
			r.tell(messages.Late{Addr: addrA, Session: 1}, "ask 1")
		})
	}
}

func TestNoOtherServerIsTroubledForAServerThatAnswersSoon(t *testing.T) {
	r := servingRig(t)
	r.tell(messages.Served{Addr: addrA, Session: 1})
	r.expire(time.Second)
	r = servingRig(t)
	r.expire(900 * time.Millisecond)
	r.answers(1)
	r.expire(100 * time.Millisecond)
}

func TestAWitnessThatAnswersLateDecidesAllTheSame(t *testing.T) {
	r := servingRig(t)
	r.chatter(1)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(messages.Corroborated{Addr: addrA})
	r.deadline(0)
	r.chatter(1)
	r.expire(0, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
}

func TestAnAnswerBesideALateWitnessCounts(t *testing.T) {
	r := servingRig(t)
	r.chatter(1)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.now = r.now.Add(time.Millisecond)
	r.answers(1)
	r.tell(messages.Corroborated{Addr: addrA})
	r.expire(0)
	r.sessions(1)
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
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
			r.tell(messages.Dialed{Addr: addrA, Session: 2}, "ask 2")
			r.sessions(1)
			r.chatter(2)
			r.expire(2 * time.Second) // nobody is asked about the new one
			r.tell(messages.Served{Addr: addrA, Session: 2, Err: c.err}, c.want...)
			if c.err == nil {
				r.sessions(2)
				if !r.core.superseded(addrA, 1) {
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
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.tell(messages.Served{Addr: addrA, Session: 1})
	r.tell(messages.Served{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.sessions(1)
}

func TestANewConnectionThatBreaksMakesRoomForTheNext(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.tell(messages.Disconnected{Addr: addrA, Session: 2})
	r.tell(messages.Served{Addr: addrA, Session: 2, Err: errors.New("broken")})
	r.tell(messages.Served{Addr: addrA, Session: 1, Err: errors.New("no answer")})
	r.expire(time.Minute)
	r.tell(messages.Late{Addr: addrA, Session: 1}, "ask 1")
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 3")
}

func TestNewCredentialsTakeTheTurnOfAConnectionThatIsToTestify(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.tell(messages.Secured{}, "dial "+addrA+" as 3", "answer : <nil>")
	r.tell(messages.Served{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "retire 1: "+ErrRenewed.Error())
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
		r.core.expire(r.now, func(id uint64) usage { return r.use[id] })
		if s := r.core.sessions[1]; s.service.out && r.now.Sub(s.service.asked) >= 4*time.Second {
			r.core.step(r.now, messages.Served{Addr: addrA, Session: 1, Err: context.DeadlineExceeded})
		}
		r.core.step(r.now, messages.Late{Addr: addrA, Session: 1})
		for _, e := range r.core.take() {
			switch e := e.(type) {
			case ask:
				asks = append(asks, r.now.Sub(last))
				last = r.now
			case dial:
				r.core.step(r.now, messages.Dialed{Addr: addrA, Session: e.session, Err: errors.New("refused")})
			case desert, cut:
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

// Who leaves before its call is late is a witness too.
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
			r.core.cfg.corroborate = true
			begin := r.now
			r.expire(500 * time.Millisecond)
			r.tell(messages.Unanswered{Addr: addrA, Session: 1, Since: begin, Late: begin.Add(time.Second)})
			r.deadline(500 * time.Millisecond)
			r.tell(messages.Unanswered{Addr: addrA, Session: 1, Since: r.now, Late: r.now.Add(time.Second)}) // the first counts
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
		r.core.step(r.now, messages.Unanswered{
			Addr: addrA, Session: 1, Since: r.now.Add(-100 * time.Millisecond), Late: r.now.Add(900 * time.Millisecond),
		})
		r.core.expire(r.now, func(id uint64) usage { return r.use[id] })
		for _, e := range r.core.take() {
			if _, is := e.(ask); is {
				asks++
				r.answers(1)
				r.core.step(r.now, messages.Served{Addr: addrA, Session: 1})
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
	r.tell(messages.Corroborated{Addr: addrA})
	for range bulkLonger {
		u := r.use[1]
		u.heard, u.bulk = r.now, r.now
		r.use[1] = u
		r.expire(time.Second)
	}
	r.expire(time.Second, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
}

// A session on which nothing at all comes in ends with what is on it, as ever.
func TestSilenceIsJudgedBySilence(t *testing.T) {
	r := up(t, addrA)
	r.core.cfg.corroborate = true
	r.use[1] = usage{busy: true, heard: r.now}
	r.tell(messages.Late{Addr: addrA, Session: 1}, "ask 1")
	r.expire(500 * time.Millisecond)
	r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
	r.tell(messages.Corroborated{Addr: addrA})
	r.expire(500 * time.Millisecond) // somebody else answered already
	r.expire(time.Second)
	r.expire(500*time.Millisecond, "publish", silent(1))
}

func TestAProcessThatStoodStillHasTheAnswerReadFirst(t *testing.T) {
	r := servingRig(t)
	r.tell(messages.Corroborated{Addr: addrA})
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
		r.core.cfg.corroborate = true
		r.tell(messages.Late{Addr: addrA, Session: 1}, "ask 1")
		r.tell(messages.Corroborated{Addr: addrA})
		r.chatter(1)
		r.expire(2*time.Second, "desert 1: "+notServing(elsewhereAnswers))
	})
}

// The new connection is up already: no dial is under way that would bring another one.
func TestWithdrawnTrustDoesNotWaitForAConnectionThatIsToTestify(t *testing.T) {
	r := servingRig(t)
	r.expire(2*time.Second, "suspect "+addrA, "dial "+addrA+" as 2")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "ask 2")
	r.core.sessions[1].until = r.now // as a withdrawal before has it
	r.expire(0, "publish", "cut 1: "+ErrDrained.Error(), "dial "+addrA+" as 3")
	r.tell(r.connect("ann", addrA, 0))
	r.tell(messages.Served{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "replaced "+addrA, "answer ann: <nil>")
}
