package heartbeat

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// rig is a core and its time.
type rig struct {
	*testing.T
	c     core
	start time.Time
	now   time.Time
}

var a, b = messages.Server{Addr: "10.0.0.1:4647"}, messages.Server{Addr: "10.0.0.2:4647"}

func newRig(t *testing.T) *rig {
	start := time.Unix(1e9, 0)
	return &rig{T: t, start: start, now: start, c: newCore(start, rand.New(rand.NewPCG(1, 1)), fleet{}, tokens{secret: "secret"})}
}

// call waits for the call that is next and begins it. It fails unless that is of
// the kind and due within the time.
func (r *rig) call(want kind, least, most time.Duration) call {
	r.Helper()
	at, _ := r.c.next()
	if at.IsZero() {
		r.Fatal("nothing is due")
	}
	if d := max(at.Sub(r.now), 0); d < least || d > most {
		r.Fatalf("the next call is due after %v, want %v to %v", d, least, most)
	}
	if at.After(r.now) {
		if _, early := r.c.begin(at.Add(-1)); early {
			r.Fatal("a call began before it was due")
		}
		r.now = at
	}
	made, ok := r.c.begin(r.now)
	if !ok || made.kind != want {
		r.Fatalf("%v %v, want %v", ok, made.kind.method(), want.method())
	}
	if _, twice := r.c.begin(r.now); twice {
		r.Fatal("two calls at once")
	}
	return made
}

// reply answers the call under way after a while.
func (r *rig) reply(took, ttl time.Duration, from messages.Server) (late time.Duration) {
	r.now = r.now.Add(took)
	late, _ = r.c.callReplied(r.now, &nodeReply{HeartbeatTTL: ttl, NumNodes: 3, Servers: make([]messages.ServerInfo, 3)}, from)
	return late
}

// fail fails the call under way after a while.
func (r *rig) fail(took time.Duration, why failure) {
	r.now = r.now.Add(took)
	r.c.callFailed(r.now, why)
}

// ready registers and sends the first heartbeat, both with a TTL.
func (r *rig) ready(ttl time.Duration) {
	r.Helper()
	r.call(register, 0, 0)
	r.reply(0, ttl, a)
	r.call(beat, 0, 10*time.Millisecond)
	r.reply(0, ttl, a)
}

// view shows a view with a server in front and its health.
func (r *rig) view(front messages.Server, h messages.Health, failed ...messages.Server) {
	s := observation{server: front, health: h, failed: map[string]bool{}}
	if h == messages.Failed {
		failed = append(failed, front)
	}
	for _, f := range failed {
		s.failed[f.Addr] = true
	}
	r.c.observe(r.now, s)
}

const ttl = 12 * time.Second // margin 4 s, chance 0.75 s

func TestANodeRegistersThenBeatsThenBeatsWithinItsTTL(t *testing.T) {
	r := newRig(t)
	made := r.call(register, 0, 0)
	if made.until != r.now.Add(tryFirst) || made.softDeadline != r.now.Add(2*tryFirst) {
		t.Errorf("it tries until %v, soft deadline %v", made.until.Sub(r.now), made.softDeadline.Sub(r.now))
	}
	r.reply(0, ttl, a)
	r.call(beat, 0, 3*time.Millisecond)
	r.reply(0, ttl, a)
	for range 10 {
		made := r.call(beat, 7250*time.Millisecond, 8*time.Second)
		if left := made.until.Sub(r.now); left < 4*time.Second || made.until != made.softDeadline {
			t.Fatalf("it has %v, soft deadline %v", left, made.softDeadline.Sub(r.now))
		}
		if late := r.reply(time.Second, ttl, a); late >= 0 {
			t.Fatalf("%v late", late)
		}
		r.now = r.now.Add(-time.Second) // the TTL counts from when the call was sent
	}
}

func TestATTLThatChangesIsFollowed(t *testing.T) {
	r := newRig(t)
	r.ready(300 * time.Second)
	r.call(beat, 276*time.Second, 295*time.Second)
	r.reply(0, ttl, a)
	r.call(beat, 7*time.Second, 8*time.Second)
	if r.reply(0, 0, a); !r.c.ttlEnd.IsZero() || r.c.deadline() != r.c.beat {
		t.Error("a deadline holds without a TTL")
	}
	made := r.call(beat, 22*time.Second, 30*time.Second)
	if made.until != r.now.Add(tryFirst) {
		t.Error("a heartbeat without a deadline")
	}
	r.reply(0, ttl, a)
	r.call(beat, 7*time.Second, 8*time.Second)
}

func TestFailuresUpToTheDeadlineAndAfter(t *testing.T) {
	r := newRig(t)
	r.ready(ttl)
	r.call(beat, 7*time.Second, 8*time.Second)
	if r.c.missed(r.now.Add(time.Second)) {
		t.Fatal("missed before its time")
	}
	r.fail(r.c.ttlEnd.Sub(r.now), unreachable) // the call ends with the TTL
	if !r.c.missed(r.now) || r.c.missed(r.now) {
		t.Fatal("a missed TTL is reported once")
	}
	for _, c := range []struct{ pause, try time.Duration }{
		{1, 16}, {2, 32}, {4, 60}, {8, 60}, {8, 60}, {8, 60},
	} {
		made := r.call(beat, c.pause*time.Second, c.pause*time.Second*3/2)
		if got := made.until.Sub(r.now); got != c.try*time.Second || made.softDeadline.After(r.now) {
			t.Errorf("after a pause of %d s it tries for %v, with a soft deadline after %v", c.pause, got, made.softDeadline.Sub(r.now))
		}
		if m := r.c.margin(); c.pause == 1 && m != 0 {
			t.Errorf("margin %v of a heartbeat after the TTL", m)
		}
		r.fail(0, unreachable)
	}
	r.call(beat, 8*time.Second, 12*time.Second)
	if late := r.reply(0, ttl, a); late < 31*time.Second {
		t.Errorf("%v late", late)
	}
	if r.c.missed(r.now) {
		t.Error("missed after it landed")
	}
	r.call(beat, 7*time.Second, 8*time.Second)
}

func TestAServerThatRefusesIsNotAskedAtOnce(t *testing.T) {
	r := newRig(t)
	for _, pause := range []time.Duration{0, 1, 2, 4, 8, 16, 30, 30} {
		r.call(register, pause*time.Second, pause*time.Second*3/2)
		r.fail(0, refused)
	}
	r.c.requestRegister(r.now) // another node: it may be what was missing
	r.call(register, time.Second, time.Second)
	r.reply(0, ttl, a)
	r.call(beat, 0, 3*time.Millisecond)
}

func TestANodeThatIsNotKnownRegistersAgain(t *testing.T) {
	for _, why := range []failure{unknown, denied} {
		r := newRig(t)
		r.ready(ttl)
		r.call(beat, 7*time.Second, 8*time.Second)
		r.fail(0, why)
		r.call(register, 0, 3*time.Millisecond) // three nodes at 1,000 a second
		r.reply(0, ttl, a)
		r.call(beat, 0, 3*time.Millisecond)
		// A cluster that takes it and does not know it: the loop slows down.
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			r.fail(0, why)
			r.call(register, pause*time.Second, pause*time.Second*3/2)
			r.reply(0, ttl, a)
			r.call(beat, 0, 3*time.Millisecond)
		}
		r.reply(0, ttl, a)
		r.call(beat, 7*time.Second, 8*time.Second)
		r.fail(0, why)
		r.call(register, 0, 3*time.Millisecond)
	}
}

func TestALargeFleetDoesNotRegisterAgainInOneSecond(t *testing.T) {
	var seconds [70]int
	for seed := range uint64(6000) {
		c := newCore(time.Unix(1e9, 0), rand.New(rand.NewPCG(seed, 7)), fleet{nodes: 100000, servers: 5}, tokens{})
		c.known, c.beat = true, time.Unix(1e9, 0)
		if _, ok := c.begin(c.beat); !ok {
			t.Fatal("no heartbeat")
		}
		c.callFailed(c.beat, unknown)
		seconds[int(c.register.Sub(c.beat)/time.Second)]++
	}
	for i, n := range seconds {
		if i < 60 && (n < 50 || n > 150) || i >= 60 && n > 0 {
			t.Errorf("second %d: %d of 6000 register", i, n)
		}
	}
}

func TestAMoveBringsTheNextHeartbeatForward(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Unknown)
	r.ready(ttl)
	r.view(a, messages.Alive)
	r.now = r.now.Add(time.Second)
	r.view(b, messages.Unknown, a) // a failed
	r.view(b, messages.Alive, a)
	r.call(beat, 0, 500*time.Millisecond)
	r.reply(0, ttl, b)
	r.view(b, messages.Alive)
	r.call(beat, 7*time.Second, 8*time.Second)
	r.reply(0, ttl, b)

	r.view(a, messages.Alive) // a rebalance
	r.call(beat, 0, 500*time.Millisecond)
	r.reply(0, ttl, a)
	r.view(b, messages.Alive) // flapping
	r.call(beat, 4500*time.Millisecond, 5500*time.Millisecond)
}

func TestAMoveToTheServerOfTheLastHeartbeatCostsNone(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Alive)
	r.ready(ttl)
	r.call(beat, 7*time.Second, 8*time.Second)
	r.view(b, messages.Alive, a) // it moves while the call is under way
	r.reply(0, ttl, b)
	r.view(b, messages.Alive, a)
	r.call(beat, 7*time.Second, 8*time.Second)
	r.view(a, messages.Alive) // it moves, and the reply comes from elsewhere
	r.reply(0, ttl, b)
	r.call(beat, 0, 500*time.Millisecond)
}

func TestASessionThatBrokeIsMadeKnownWhenTheServerIsBack(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Alive)
	r.ready(ttl)
	r.view(a, messages.Failed) // the only server
	if at, _ := r.c.next(); at != r.c.beat || at.Sub(r.now) < 7*time.Second {
		t.Errorf("a heartbeat to a server that failed, after %v", at.Sub(r.now))
	}
	r.view(a, messages.Leaderless)
	if at, _ := r.c.next(); at != r.c.beat {
		t.Error("a heartbeat to a server that can forward it to no leader")
	}
	r.view(a, messages.Alive)
	r.call(beat, 0, 500*time.Millisecond)
}

func TestAMoveBackBeforeTheHeartbeatStillNeedsOne(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Alive)
	r.ready(ttl)
	r.view(b, messages.Alive)
	r.view(a, messages.Alive) // on a session that may be a new one
	r.call(beat, 0, 500*time.Millisecond)
	r.reply(0, ttl, a)
	r.call(beat, 7*time.Second, 8*time.Second)
}

func TestAPauseEndsWhenServersAnswerAgain(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Failed)
	r.call(register, 0, 0)
	r.fail(tryFirst, unreachable)
	r.call(register, time.Second, 1500*time.Millisecond)
	r.fail(16*time.Second, unreachable)
	r.view(a, messages.Alive)
	r.call(register, 0, 500*time.Millisecond)
	r.fail(0, unreachable) // it was wrong; no faster than one a second
	r.view(a, messages.Failed)
	r.view(a, messages.Alive)
	r.call(register, time.Second, 1500*time.Millisecond)
}

func TestHeartbeatsAskedForComeAtOnceAndNotFasterThanOnceASecond(t *testing.T) {
	r := newRig(t)
	r.ready(ttl)
	r.now = r.now.Add(2 * time.Second)
	r.c.requestBeat(r.now)
	r.call(beat, 0, 0)
	r.c.requestBeat(r.now) // while it is under way
	r.reply(10*time.Millisecond, ttl, a)
	r.call(beat, 990*time.Millisecond, 990*time.Millisecond)
	r.reply(0, ttl, a)
	r.c.requestRegister(r.now)
	made := r.call(register, time.Second, time.Second)
	if made.until.After(later(r.c.beat, r.now.Add(2*time.Second))) {
		t.Errorf("a registration keeps the heartbeat waiting: it has %v", made.until.Sub(r.now))
	}
	r.fail(0, refused)
	r.call(register, time.Second, 1500*time.Millisecond)
	r.reply(0, ttl, a)
	r.call(beat, 7*time.Second, 8*time.Second)
}

func TestARegistrationThatFailsKeepsNoHeartbeatWaiting(t *testing.T) {
	r := newRig(t)
	r.ready(ttl)
	r.c.requestRegister(r.now)
	beats, registers, end := 0, 0, r.now.Add(time.Minute)
	for r.now.Before(end) {
		at, k := r.c.next()
		made := r.call(k, 0, ttl)
		if r.c.missed(at) {
			t.Fatal("missed a TTL")
		}
		if k == beat {
			beats++
			r.reply(0, ttl, a)
			continue
		}
		registers++
		r.fail(made.until.Sub(r.now), unreachable) // for as long as it may
	}
	if beats < 7 || registers < 3 {
		t.Errorf("%d heartbeats and %d registrations in a minute", beats, registers)
	}
}

func TestARegistrationWithoutATTLIsFollowedByAHeartbeat(t *testing.T) {
	r := newRig(t)
	r.ready(ttl)
	r.c.requestRegister(r.now)
	r.call(register, time.Second, time.Second)
	r.reply(0, 0, a) // the cluster took the node for lost
	r.call(beat, 0, 0)
}

func TestASlowClusterIsNotAskedInATightLoop(t *testing.T) {
	r := newRig(t)
	r.ready(ttl)
	for _, took := range []time.Duration{time.Second, 3 * time.Second, 20 * time.Second, 50 * time.Second} {
		r.call(beat, 0, ttl)
		r.reply(took, ttl, a)
		if at, _ := r.c.next(); at.Sub(r.now) < ttl*3/16 {
			t.Errorf("answers take %v: the next heartbeat is due after %v", took, at.Sub(r.now))
		}
	}
}

func TestTheTokensThatAreShown(t *testing.T) {
	signed := func(s string) *string { return &s }
	tk := tokens{secret: "secret", intro: "intro"}
	for i, step := range []struct {
		do              func()
		register, beats string
	}{
		{func() {}, "intro", "secret"},
		{func() { tk.accept(nil) }, "intro", "secret"},
		{func() { tk.accept(signed("")) }, "intro", "secret"}, // it could not sign
		{func() { tk.accept(signed("one")) }, "one", "one"},
		{func() { tk.accept(nil) }, "one", "one"},
		{func() { tk.accept(signed("")) }, "one", "one"},
		{func() { tk.accept(signed("two")) }, "two", "two"},
		{tk.forgetIdentity, "intro", "secret"},
	} {
		step.do()
		if r, b := tk.forCall(register), tk.forCall(beat); r != step.register || b != step.beats {
			t.Errorf("step %d: %q and %q, want %q and %q", i, r, b, step.register, step.beats)
		}
	}
	tk.renew = true
	if tk.accept(signed("three")); tk.renew {
		t.Error("a new identity is still asked for")
	}
}

// A heartbeat that a move or the embedder brought forward has time: where no server
// answers, it does not try until the end of a TTL of minutes.
func TestAHeartbeatBeforeItsTimeGivesUpSoon(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Alive)
	r.ready(300 * time.Second)
	regular := r.c.beat
	r.view(b, messages.Unknown, a)
	made := r.call(beat, 0, 500*time.Millisecond)
	if made.until.Sub(r.now) != tryFirst || made.softDeadline.After(r.c.ttlEnd) {
		t.Errorf("it has %v", made.until.Sub(r.now))
	}
	r.fail(tryFirst, unreachable)
	if at, k := r.c.next(); !at.Equal(regular) || k != beat {
		t.Errorf("the next one is due after %v", at.Sub(r.now))
	}
	r.c.requestBeat(r.now) // this one is waited for
	for _, c := range []struct{ pause, try time.Duration }{{0, 16}, {2, 32}, {4, 60}} {
		made := r.call(beat, c.pause*time.Second, c.pause*time.Second*3/2)
		if got := made.until.Sub(r.now); got != c.try*time.Second {
			t.Errorf("it has %v", got)
		}
		r.fail(c.try*time.Second, unreachable)
	}
	r.call(beat, 8*time.Second, 12*time.Second)
	if r.c.until.After(r.c.ttlEnd) {
		t.Error("it goes on after the deadline")
	}
}

func TestATinyTTLIsNoTightLoop(t *testing.T) {
	for _, ttl := range []time.Duration{-time.Second, time.Nanosecond, time.Millisecond, 200 * time.Millisecond} {
		for _, took := range []time.Duration{0, time.Second} {
			r := newRig(t)
			r.ready(ttl)
			r.call(beat, 0, 30*time.Second)
			r.reply(took, ttl, a)
			if at, _ := r.c.next(); at.Sub(r.now) < leastInterval {
				t.Errorf("TTL %v, answers take %v: the next heartbeat is due after %v", ttl, took, at.Sub(r.now))
			}
		}
	}
}

// The session to the server in front is replaced by one with other credentials: the
// server has to learn of it, whichever server was active meanwhile.
func TestASessionThatWasReplacedIsMadeKnown(t *testing.T) {
	r := newRig(t)
	r.view(a, messages.Alive)
	r.c.renewed(r.now) // none was answered: what is about to be sent goes over it
	r.ready(300 * time.Second)
	regular := r.c.beat
	if at, _ := r.c.next(); !at.Equal(regular) {
		t.Errorf("a heartbeat after %v, although the last one landed on the session", at.Sub(r.now))
	}
	r.now = r.now.Add(time.Minute)
	r.c.renewed(r.now)
	r.c.renewed(r.now) // and again
	r.call(beat, 0, 500*time.Millisecond)
	r.c.renewed(r.now) // that one may have gone over the old session
	r.reply(0, 300*time.Second, a)
	r.call(beat, 4500*time.Millisecond, 5500*time.Millisecond)
	r.reply(0, 300*time.Second, a)
	if at, _ := r.c.next(); at.Sub(r.now) < 4*time.Minute {
		t.Errorf("a further heartbeat after %v", at.Sub(r.now))
	}
	// A heartbeat that another server answers is no sign about this one.
	r.call(beat, 4*time.Minute, 5*time.Minute)
	r.c.renewed(r.now)
	r.reply(0, 300*time.Second, b)
	r.call(beat, 0, 500*time.Millisecond)
	r.reply(0, 300*time.Second, a)
	// While it is down it is made known when it is back.
	r.view(a, messages.Failed)
	r.c.renewed(r.now)
	if at, _ := r.c.next(); at.Sub(r.now) < 4*time.Minute {
		t.Errorf("a heartbeat to a server that failed, after %v", at.Sub(r.now))
	}
	r.view(a, messages.Alive)
	r.call(beat, 0, 5*time.Second)
}
