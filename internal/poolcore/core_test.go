package poolcore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

const (
	addrA = "10.0.0.1:4647"
	addrB = "10.0.0.2:4647"
)

// rig is a core with names for its callers.
type rig struct {
	t     *testing.T
	core  *Core
	env   *testEnv
	now   time.Time
	names map[actor.Reply[error]]string
	use   map[uint64]Usage
}

const (
	idleTime  = time.Minute
	drainTime = 30 * time.Second
)

// begin is when the tests' time begins.
var begin = stepped.Start()

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: begin, names: map[actor.Reply[error]]string{}, use: map[uint64]Usage{}}
	r.env = &testEnv{chance: half, usage: func(id uint64) Usage { return r.use[id] }}
	r.core = New(&Config{Idle: idleTime, Silence: time.Second, Ping: 2 * time.Second, Drain: drainTime}, r.env)
	return r
}

// testEnv is an Env of functions.
type testEnv struct {
	chance func() float64
	usage  func(session uint64) Usage
}

func (e *testEnv) Usage(session uint64) Usage { return e.usage(session) }

func (e *testEnv) Chance() float64 { return e.chance() }

func (*testEnv) Classify(err error) (timeout, credentials bool) { return classify(err) }

// unusedSession is the usage of one that carries nothing.
func unusedSession(uint64) Usage { return Usage{} }

// half is a chance that is always the same.
func half() float64 { return 0.5 }

func classify(err error) (timeout, credentials bool) {
	return errors.Is(err, context.DeadlineExceeded), errors.Is(err, errCredentials)
}

// at is the core's time of now.
func (r *rig) at() moment.Time { return r.core.cfg.clock.Of(r.now) }

// paced is when the pace lets the core dial again.
func (r *rig) paced() time.Time { return r.core.cfg.clock.Time(r.core.dials.pace.until) }

func (r *rig) connect(caller, addr string, except uint64) Connect {
	reply := actor.NewReply[error]()
	r.names[reply] = caller
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
		switch e.(type) {
		case Trim, DialFailed: // come with every look at a session, and every dial that fails
		default:
			got = append(got, r.render(e))
		}
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("%s:\n got %s\nwant %s", what, strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

func (r *rig) render(e Effect) string {
	switch e := e.(type) {
	case Dial:
		return fmt.Sprintf("dial %s as %d", e.Addr, e.Session)
	case Publish:
		return "publish"
	case Answer:
		return fmt.Sprintf("answer %s: %v", r.names[e.To], e.Err)
	case Retire:
		return fmt.Sprintf("retire %d: %v", e.Session, e.Cause)
	case Release:
		return fmt.Sprintf("release %d", e.Session)
	case Ping:
		return fmt.Sprintf("ping %d", e.Session)
	case Ask:
		return fmt.Sprintf("ask %d", e.Session)
	case Desert:
		return fmt.Sprintf("desert %d: %v", e.Session, e.Cause)
	case Suspect:
		return "suspect " + e.Addr
	case Cut:
		return fmt.Sprintf("cut %d: %v", e.Session, e.Cause)
	case Abandon:
		return fmt.Sprintf("abandon %d", e.Session)
	case Arrived:
		return "arrived " + e.Addr
	case Replaced:
		return "replaced " + e.Addr
	}
	return fmt.Sprintf("%T", e)
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

func TestADialThatWasForgottenIsShut(t *testing.T) {
	r := newRig(t)
	r.tell(Dialed{Addr: addrA, Session: 7}, "retire 7: "+ErrIdle.Error())
	r.sessions()
	r.expire(0, "release 7")
}

func TestSessionNumbersAreNeverUsedAgain(t *testing.T) {
	r := newRig(t)
	for i := range uint64(5) {
		r.tell(r.connect("ann", addrA, 0), fmt.Sprintf("dial %s as %d", addrA, i+1))
		r.tell(Dialed{Addr: addrA, Session: i + 1, Err: ErrIdle}, "answer ann: "+ErrIdle.Error())
		r.now = r.now.Add(backoffMost)
	}
}
