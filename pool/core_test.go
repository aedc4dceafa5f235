package pool

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

const (
	addrA = "10.0.0.1:4647"
	addrB = "10.0.0.2:4647"
)

// rig is a core with names for those who ask it.
type rig struct {
	t     *testing.T
	core  *core
	now   time.Time
	names map[actor.Reply[error]]string
	use   map[uint64]usage
}

const (
	idleTime  = time.Minute
	drainTime = 30 * time.Second
)

func newRig(t *testing.T) *rig {
	return &rig{
		t: t, core: newCore(coreConfig{idle: idleTime, silence: time.Second, ping: 2 * time.Second, drain: drainTime}), now: time.Unix(1000, 0),
		names: map[actor.Reply[error]]string{}, use: map[uint64]usage{},
	}
}

func (r *rig) connect(who, addr string, except uint64) messages.Connect {
	reply := actor.NewReply[error]()
	r.names[reply] = who
	return messages.Connect{Addr: addr, Except: except, Reply: reply}
}

// tell gives the core a message; want are the effects, one text each.
func (r *rig) tell(m messages.Pool, want ...string) {
	r.t.Helper()
	r.core.step(r.now, m)
	r.expect(fmt.Sprintf("%T", m), want)
}

// expire lets time pass and what is due happen.
func (r *rig) expire(after time.Duration, want ...string) {
	r.t.Helper()
	r.now = r.now.Add(after)
	r.core.expire(r.now, func(id uint64) usage { return r.use[id] })
	r.expect("expire", want)
}

func (r *rig) expect(what string, want []string) {
	r.t.Helper()
	var got []string
	for _, e := range r.core.take() {
		switch e := e.(type) {
		case dial:
			got = append(got, fmt.Sprintf("dial %s as %d", e.addr, e.session))
		case publish:
			got = append(got, "publish")
		case answer:
			got = append(got, fmt.Sprintf("answer %s: %v", r.names[e.to], e.err))
		case retire:
			got = append(got, fmt.Sprintf("retire %d: %v", e.session, e.cause))
		case shut:
			got = append(got, fmt.Sprintf("shut %d", e.session))
		case ping:
			got = append(got, fmt.Sprintf("ping %d", e.session))
		case ask:
			got = append(got, fmt.Sprintf("ask %d", e.session))
		case desert:
			got = append(got, fmt.Sprintf("desert %d: %v", e.session, e.cause))
		case suspect:
			got = append(got, "suspect "+e.addr)
		case cut:
			got = append(got, fmt.Sprintf("cut %d: %v", e.session, e.cause))
		case replaced:
			got = append(got, "replaced "+e.addr)
		case trim:
			continue // comes with every look at a session
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
	for _, l := range r.core.servers {
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
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>", "answer bob: <nil>", "answer eve: <nil>")
	r.sessions(1)
	r.tell(r.connect("late", addrA, 0), "answer late: <nil>")
}

func TestAFailedDialIsAnsweredWithItsErrorAndForgotten(t *testing.T) {
	r := newRig(t)
	refused := errors.New("refused")
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(r.connect("bob", addrA, 0))
	r.tell(messages.Dialed{Addr: addrA, Session: 1, Err: refused}, "answer ann: refused", "answer bob: refused")
	r.sessions()
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 2")
}

func TestServersAreDialedIndependently(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(r.connect("bob", addrB, 0), "dial "+addrB+" as 2")
	r.tell(messages.Dialed{Addr: addrB, Session: 2}, "publish", "answer bob: <nil>")
	r.sessions(2)
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.sessions(1, 2)
}

func TestASessionOfNoUseIsReplaced(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	// The first who finds it of no use has it replaced; the others join.
	r.tell(r.connect("ann", addrA, 1), "publish", "retire 1: "+ErrLeaving.Error(), "dial "+addrA+" as 2")
	r.sessions()
	r.tell(r.connect("bob", addrA, 1))
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "publish", "answer ann: <nil>", "answer bob: <nil>")
	// Who is late with the old number gets the new session.
	r.tell(r.connect("eve", addrA, 1), "answer eve: <nil>")
	r.sessions(2)
}

func TestASessionThatEndsLeavesTheTable(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.tell(messages.Disconnected{Addr: addrA, Session: 1}, "publish")
	r.sessions()
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 2")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "publish", "answer ann: <nil>")
	// News of a former session changes nothing.
	r.tell(messages.Disconnected{Addr: addrA, Session: 1})
	r.tell(messages.Disconnected{Addr: addrB, Session: 2})
	r.sessions(2)
}

func TestADialThatNobodyKnowsOfAnyMoreIsShut(t *testing.T) {
	r := newRig(t)
	r.tell(messages.Dialed{Addr: addrA, Session: 7}, "retire 7: "+ErrIdle.Error())
	r.sessions()
	r.expire(0, "shut 7")
}

func TestSessionNumbersAreNeverUsedAgain(t *testing.T) {
	r := newRig(t)
	for i := range uint64(5) {
		r.tell(r.connect("ann", addrA, 0), fmt.Sprintf("dial %s as %d", addrA, i+1))
		r.tell(messages.Dialed{Addr: addrA, Session: i + 1, Err: ErrIdle}, "answer ann: "+ErrIdle.Error())
	}
}
