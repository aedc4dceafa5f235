package poolcore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

var (
	errNobody      = errors.New("refused")
	errCredentials = errors.New("certificate refused")
)

// dialed gives the core a message and answers the dials that it has made for it.
func dialed(c *Core, now time.Time, m Message) (dials []Dial, answers []error) {
	c.Step(now, m)
	for _, e := range c.Take() {
		switch e := e.(type) {
		case Dial:
			dials = append(dials, e)
		case Answer:
			answers = append(answers, e.Err)
		}
	}
	return dials, answers
}

func connect(addr string) Connect {
	return Connect{Addr: addr, Reply: actor.NewReply[error]()}
}

// dead is one server that refuses every dial at once, of which every caller asks each
// 10 ms. It answers when it was dialed.
func dead(c *Core, begin time.Time, callers int, lasts time.Duration) (at []time.Duration) {
	for since := time.Duration(0); since < lasts; since += 10 * time.Millisecond {
		for range callers {
			dials, _ := dialed(c, begin.Add(since), connect(addrA))
			for _, d := range dials {
				at = append(at, since)
				dialed(c, begin.Add(since), Dialed{Addr: d.Addr, Session: d.Session, Err: errNobody})
			}
		}
	}
	return at
}

func TestAllCallersOfADeadServerShareOneBackOff(t *testing.T) {
	r := newRig(t)
	at := dead(r.core, r.now, 50, time.Minute)
	// Twice at once, then three quarters of 100 ms, 200 ms and so on, of 2 s at most.
	want := []time.Duration{0, 0}
	for pause, next := 100*time.Millisecond, time.Duration(0); ; pause = min(2*pause, 2*time.Second) {
		if next = (next + 3*pause/4).Truncate(1); next >= time.Minute {
			break
		}
		next = (next + 9*time.Millisecond).Truncate(10 * time.Millisecond) // when they ask
		want = append(want, next)
	}
	if !slices.Equal(at, want) {
		t.Errorf("dialed at %v\nwant %v", at, want)
	}
}

func TestAPauseIsDrawnFromTheUpperHalfAndGrowsToTheFleetsBound(t *testing.T) {
	for _, c := range []struct {
		failures    int
		spread      time.Duration
		least, most time.Duration
	}{
		{1, 0, 0, 0},
		{2, 0, 50 * time.Millisecond, 100 * time.Millisecond},
		{3, 0, 100 * time.Millisecond, 200 * time.Millisecond},
		{6, 0, 800 * time.Millisecond, 1600 * time.Millisecond},
		{7, 0, time.Second, 2 * time.Second},
		{1 << 30, 0, time.Second, 2 * time.Second},
		{7, time.Second, time.Second, 2 * time.Second}, // a small fleet
		{2, 31 * time.Second, 775 * time.Millisecond, 1550 * time.Millisecond},
		{9, 31 * time.Second, 15500 * time.Millisecond, 31 * time.Second},
		{9, time.Hour, 30 * time.Second, time.Minute},
	} {
		if least, most := pauseAfter(c.failures, c.spread, 0), pauseAfter(c.failures, c.spread, 1); least != c.least || most != c.most {
			t.Errorf("%d failures, spread over %v: from %v to %v, want %v to %v", c.failures, c.spread, least, most, c.least, c.most)
		}
	}
}

// A server that is down for a second is found again within another one, and after a long
// time within the longest pause.
func TestAServerThatIsBackIsFoundSoon(t *testing.T) {
	for down, within := range map[time.Duration]time.Duration{
		10 * time.Millisecond: 100 * time.Millisecond, 200 * time.Millisecond: 300 * time.Millisecond,
		time.Second: time.Second, 30 * time.Second: backoffLeast, time.Hour: backoffLeast,
	} {
		r := newRig(t)
		r.env.chance = func() float64 { return 1 } // the worst
		dead(r.core, r.now, 1, down)
		for since := down; ; since += 10 * time.Millisecond {
			if dials, _ := dialed(r.core, r.now.Add(since), connect(addrA)); dials != nil {
				if since-down > within {
					t.Errorf("down for %v: found after %v", down, since-down)
				}
				break
			}
		}
	}
}

func TestARefusedCallerLearnsTheLastCauseAndWhenItIsTriedAgain(t *testing.T) {
	r := newRig(t)
	dead(r.core, r.now, 2, 10*time.Millisecond) // two dials, at once
	dials, answers := dialed(r.core, r.now, connect(addrA))
	if dials != nil || len(answers) != 1 {
		t.Fatalf("%v, %v", dials, answers)
	}
	b, backs := errors.AsType[*Refusal](answers[0])
	if !backs || b.Addr != addrA || b.Last.Addr != addrA || b.Failures != 2 || !b.Until.Equal(r.now.Add(75*time.Millisecond)) || !errors.Is(b, errNobody) {
		t.Fatalf("%#v", answers[0])
	}
}

// hangUp has a session come up and end, after so long, for whatever reason.
func (r *rig) hangUp(lasts time.Duration, why error, before ...Message) (dials int) {
	made, _ := dialed(r.core, r.now, connect(addrA))
	for _, d := range made {
		dials++
		dialed(r.core, r.now, Dialed{Addr: addrA, Session: d.Session})
		r.now = r.now.Add(lasts)
		for _, m := range before {
			dialed(r.core, r.now, m)
		}
		dialed(r.core, r.now, Disconnected{Addr: addrA, Session: d.Session, Err: why})
	}
	return dials
}

func TestASessionThatEndsBeforeItServedIsAFailedDial(t *testing.T) {
	eof := errors.New("EOF")
	for name, c := range map[string]struct {
		lasts  time.Duration
		why    error
		before []Message
		dials  int // of a hundred, all asked for at once but for what the sessions last
	}{
		"accepts and hangs up":           {0, eof, nil, 2},
		"falls silent at once":           {0, ErrSilent, nil, 2},
		"says goodbye at once":           {0, ErrLeaving, nil, 2},
		"answers a call first":           {0, eof, []Message{Proven{Addr: addrA}}, 100},
		"lasts, and nothing is asked":    {provenAfter, eof, nil, 100},
		"is let go by this side":         {0, ErrIdle, nil, 100},
		"is replaced by this side":       {0, ErrRenewed, nil, 100},
		"is one too many for this side":  {0, ErrTooManySessions, nil, 100},
		"answers others, and not itself": {0, eof, []Message{Proven{Addr: addrB}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r, dials := newRig(t), 0
			for range 100 {
				dials += r.hangUp(c.lasts, c.why, c.before...)
			}
			if dials != c.dials {
				t.Errorf("%d dials, want %d", dials, c.dials)
			}
		})
	}
}

// A server that announces its departure as soon as it is reached is as bad as one that
// hangs up, on whichever path that is noticed first, and although the session lasts.
func TestAServerThatSaysGoodbyeAtOnceIsNotDialedAgainAndAgain(t *testing.T) {
	for name, notice := range map[string]func(session uint64) Message{
		"its keeper": func(id uint64) Message { return Leaving{Addr: addrA, Session: id} },
		"a call": func(id uint64) Message {
			return Connect{Addr: addrA, Except: id, Reply: actor.NewReply[error]()}
		},
	} {
		r, all := newRig(t), 0
		made, _ := dialed(r.core, r.now, connect(addrA))
		for range 100 {
			var next []Dial
			for _, d := range made {
				all++
				dialed(r.core, r.now, Dialed{Addr: addrA, Session: d.Session})
				again, _ := dialed(r.core, r.now, notice(d.Session))
				next = append(next, again...)
			}
			made, _ = dialed(r.core, r.now, connect(addrA))
			made = append(made, next...)
		}
		if all != 2 {
			t.Errorf("%s notices it: %d dials, want 2", name, all)
		}
	}
}

func TestAnAnswerToACallEndsTheBackOff(t *testing.T) {
	r := newRig(t)
	dead(r.core, r.now, 1, time.Minute)
	r.now = r.now.Add(time.Hour)
	if r.hangUp(0, errors.New("EOF"), Proven{Addr: addrA}) != 1 {
		t.Fatal("not dialed")
	}
	if at := dead(r.core, r.now, 1, 300*time.Millisecond); len(at) != 4 {
		t.Errorf("dialed at %v: not as if nothing had been", at)
	}
}

func TestNewCredentialsEndTheBackOffThatOldOnesCaused(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		dials int
	}{
		"a refused certificate": {errCredentials, 1},
		"a refused connection":  {errNobody, 0},
	} {
		r := newRig(t)
		for range 2 {
			for _, d := range first(dialed(r.core, r.now, connect(addrA))) {
				dialed(r.core, r.now, Dialed{Addr: addrA, Session: d.Session, Err: c.err})
			}
		}
		dialed(r.core, r.now, Secured{})
		if dials := first(dialed(r.core, r.now, connect(addrA))); len(dials) != c.dials {
			t.Errorf("%s: %d dials, want %d", name, len(dials), c.dials)
		}
	}
}

func first(dials []Dial, _ []error) []Dial { return dials }

func TestTheMemoryOfAddressesIsBounded(t *testing.T) {
	r := newRig(t)
	for i := range 3 * maxBackoffs {
		r.now = r.now.Add(time.Millisecond)
		addr := fmt.Sprintf("10.%d.%d.1:4647", i/250, i%250)
		for _, d := range first(dialed(r.core, r.now, connect(addr))) {
			dialed(r.core, r.now, Dialed{Addr: addr, Session: d.Session, Err: errNobody})
		}
		if n := len(r.core.dials.each); n > maxBackoffs {
			t.Fatalf("%d addresses are remembered", n)
		}
	}
	if r.core.dials.each.find("10.0.0.1:4647") != nil || len(r.core.dials.each) != maxBackoffs {
		t.Errorf("%d addresses are remembered, and the first of them", len(r.core.dials.each))
	}
	r.now = r.now.Add(time.Hour)
	for _, d := range first(dialed(r.core, r.now, connect(addrB))) {
		dialed(r.core, r.now, Dialed{Addr: addrB, Session: d.Session, Err: errNobody})
	}
	if n := len(r.core.dials.each); n != 1 {
		t.Errorf("%d addresses are remembered an hour later", n)
	}
}

// The dial that is to find out whether a silent session or its server has died is one of
// the address's, and so is that for new credentials.
func TestADialWithASessionUpIsPartOfTheBackOff(t *testing.T) {
	r := silentRig(t)
	for n := range 20 {
		r.tell(Dialed{Addr: addrA, Session: uint64(n + 2), Err: errNobody})
		r.core.overdue(r.at(), 1, false)
		r.now = r.now.Add(2 * time.Second)
		r.core.dials.each.find(addrA).until = r.at().Add(time.Second) // in back-off
		r.core.Expire(r.now)
		for _, e := range r.core.Take() {
			if d, is := e.(Dial); is {
				t.Fatalf("dialed as %d", d.Session)
			}
		}
		r.core.overdue(r.at(), 1, false)
		r.now = r.now.Add(2 * time.Second)
		r.core.Take()
		r.expire(0, fmt.Sprintf("dial %s as %d", addrA, n+3))
	}
}
