package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

const (
	addrA = "10.0.0.1:4647"
	addrB = "10.0.0.2:4647"
)

// rig is a core with names for those who ask it.
type rig struct {
	t     *testing.T
	core  *Core
	now   time.Time
	names map[actor.Reply[error]]string
	use   map[uint64]Usage
}

const (
	idleTime  = time.Minute
	drainTime = 30 * time.Second
)

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Unix(1000, 0), names: map[actor.Reply[error]]string{}, use: map[uint64]Usage{}}
	r.core = New(Config{
		Idle: idleTime, Silence: time.Second, Ping: 2 * time.Second, Drain: drainTime,
		Usage: func(id uint64) Usage { return r.use[id] }, Classify: classify,
	})
	return r
}

func classify(err error) (timeout, credentials bool) {
	return errors.Is(err, context.DeadlineExceeded), errors.Is(err, errCredentials)
}

func (r *rig) connect(who, addr string, except uint64) Connect {
	reply := actor.NewReply[error]()
	r.names[reply] = who
	return Connect{Addr: addr, Except: except, Reply: reply}
}

// tell gives the core a message; want are the effects, one text each.
func (r *rig) tell(m Message, want ...string) {
	r.t.Helper()
	r.core.Step(r.now, m)
	r.expect(fmt.Sprintf("%T", m), want)
}

// expire lets time pass and what is due happen.
func (r *rig) expire(after time.Duration, want ...string) {
	r.t.Helper()
	r.now = r.now.Add(after)
	r.core.Expire(r.now)
	r.expect("expire", want)
}

func (r *rig) expect(what string, want []string) {
	r.t.Helper()
	var got []string
	for _, e := range r.core.Take() {
		switch e := e.(type) {
		case Dial:
			got = append(got, fmt.Sprintf("dial %s as %d", e.Addr, e.Session))
		case Publish:
			got = append(got, "publish")
		case Answer:
			got = append(got, fmt.Sprintf("answer %s: %v", r.names[e.To], e.Err))
		case Retire:
			got = append(got, fmt.Sprintf("retire %d: %v", e.Session, e.Cause))
		case Release:
			got = append(got, fmt.Sprintf("shut %d", e.Session))
		case Ping:
			got = append(got, fmt.Sprintf("ping %d", e.Session))
		case Ask:
			got = append(got, fmt.Sprintf("ask %d", e.Session))
		case Desert:
			got = append(got, fmt.Sprintf("desert %d: %v", e.Session, e.Cause))
		case Suspect:
			got = append(got, "suspect "+e.Addr)
		case Cut:
			got = append(got, fmt.Sprintf("cut %d: %v", e.Session, e.Cause))
		case Abandon:
			got = append(got, fmt.Sprintf("abandon %d", e.Session))
		case Replaced:
			got = append(got, "replaced "+e.Addr)
		case Trim, DialFailed:
			continue // comes with every look at a session, and every dial that fails
		default:
			got = append(got, fmt.Sprintf("%T", e))
		}
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("%s:\n got %s\nwant %s", what, strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

// sessions are those that calls may find.
func (r *rig) sessions(want ...uint64) {
	r.t.Helper()
	var got []uint64
	for _, l := range r.core.links {
		if l.up {
			got = append(got, l.session)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Fatalf("sessions %v, want %v", got, want)
	}
}

func TestOneDialServesAllWhoWait(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(r.connect("bob", addrA, 0))
	r.tell(r.connect("eve", addrA, 0))
	r.sessions()
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>", "answer bob: <nil>", "answer eve: <nil>")
	r.sessions(1)
	r.tell(r.connect("late", addrA, 0), "answer late: <nil>")
}

func TestAFailedDialIsAnsweredWithItsErrorAndForgotten(t *testing.T) {
	r := newRig(t)
	refused := errors.New("refused")
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(r.connect("bob", addrA, 0))
	r.tell(Dialed{Addr: addrA, Session: 1, Err: refused}, "answer ann: refused", "answer bob: refused")
	r.sessions()
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 2")
}

func TestServersAreDialedIndependently(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(r.connect("bob", addrB, 0), "dial "+addrB+" as 2")
	r.tell(Dialed{Addr: addrB, Session: 2}, "publish", "answer bob: <nil>")
	r.sessions(2)
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.sessions(1, 2)
}

func TestASessionOfNoUseIsReplaced(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	// The first who finds it of no use has it replaced; the others join.
	r.tell(r.connect("ann", addrA, 1), "publish", "retire 1: "+ErrLeaving.Error(), "dial "+addrA+" as 2")
	r.sessions()
	r.tell(r.connect("bob", addrA, 1))
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "answer ann: <nil>", "answer bob: <nil>")
	// Who is late with the old number gets the new session.
	r.tell(r.connect("eve", addrA, 1), "answer eve: <nil>")
	r.sessions(2)
}

func TestASessionThatEndsLeavesTheTable(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.tell(Disconnected{Addr: addrA, Session: 1}, "publish")
	r.sessions()
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "answer ann: <nil>")
	// News of a former session changes nothing.
	r.tell(Disconnected{Addr: addrA, Session: 1})
	r.tell(Disconnected{Addr: addrB, Session: 2})
	r.sessions(2)
}

func TestADialThatNobodyKnowsOfAnyMoreIsShut(t *testing.T) {
	r := newRig(t)
	r.tell(Dialed{Addr: addrA, Session: 7}, "retire 7: "+ErrIdle.Error())
	r.sessions()
	r.expire(0, "shut 7")
}

func TestSessionNumbersAreNeverUsedAgain(t *testing.T) {
	r := newRig(t)
	for i := range uint64(5) {
		r.tell(r.connect("ann", addrA, 0), fmt.Sprintf("dial %s as %d", addrA, i+1))
		r.tell(Dialed{Addr: addrA, Session: i + 1, Err: ErrIdle}, "answer ann: "+ErrIdle.Error())
		r.now = r.now.Add(backoffMost)
	}
}
