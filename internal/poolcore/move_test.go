package poolcore

import (
	"fmt"
	"testing"
	"time"
)

// moved is a rig that was at A, on session 1, and is at B, on session 2.
func moved(t *testing.T) *rig {
	r := up(t, addrA, addrB)
	r.tell(Retain{Addr: addrA})
	r.tell(Retain{Addr: addrB})
	r.sessions(1, 2)
	return r
}

func TestASessionThatWasLeftIsFoundUntilItHasCarriedNothingForTheTimeToDrain(t *testing.T) {
	r := moved(t)
	r.tell(r.connect("a call or a probe", addrA, 0), "answer a call or a probe: <nil>")
	r.expire(drainTime - 1)
	r.sessions(1, 2)
	r.expire(1, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
	r.tell(Disconnected{Addr: addrA, Session: 1, Err: ErrIdle})
	r.sessions(2)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 3")
}

func TestUseKeepsASessionThatWasLeft(t *testing.T) {
	for name, c := range map[string]struct {
		use  func(now time.Time) Usage
		ends time.Duration // after the last use
	}{
		"calls or streams are on it": {func(now time.Time) Usage { return Usage{Busy: true, Used: now} }, drainTime},
		"calls come and go":          {func(now time.Time) Usage { return Usage{Used: now} }, drainTime},
		"a stream without traffic":   {func(now time.Time) Usage { return Usage{Busy: true} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := moved(t)
			for range 20 {
				r.use[1] = c.use(r.now)
				r.expire(drainTime - 1)
			}
			r.sessions(1, 2)
			last := r.now
			r.use[1] = c.use(last)
			r.core.Expire(r.now.Add(1))
			u := r.use[1]
			u.Busy = false
			r.use[1] = u
			for i := 0; len(r.core.Take()) == 0 || r.core.found(addrA) != nil; i++ {
				if i > 100 {
					t.Fatal("it is kept")
				}
				r.now = r.core.Deadline()
				r.core.Expire(r.now)
			}
			// It is looked at now and then, and no sooner ended.
			if took := r.now.Sub(last); took < c.ends || took > c.ends+drainTime {
				t.Fatalf("ended %v after its last use, want %v", took, c.ends)
			}
			r.sessions(2)
		})
	}
}

// A server that heartbeats are sent to with a long TTL may learn of a move so late.
func TestASessionThatWasLeftIsKeptForTheTTLOfHeartbeats(t *testing.T) {
	for _, c := range []struct{ ttl, kept time.Duration }{
		{0, drainTime},
		{time.Second, drainTime},
		{5 * time.Minute, 5*time.Minute + ttlMargin},
		{longestTTL + 1, longestTTL + ttlMargin},
		{1<<63 - 1, longestTTL + ttlMargin},
		{-5 * time.Minute, drainTime},
	} {
		r := up(t, addrA, addrB)
		r.tell(HeartbeatTTL{TTL: c.ttl})
		r.tell(Retain{Addr: addrA})
		r.tell(Retain{Addr: addrB})
		r.expire(c.kept - 1)
		r.sessions(1, 2)
		r.expire(1, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
	}
}

func TestATTLThatChangesIsForThoseThatWereLeftBefore(t *testing.T) {
	r := moved(t)
	r.expire(drainTime - 1)
	r.tell(HeartbeatTTL{TTL: time.Minute})
	r.expire(1)
	r.expire(time.Minute + ttlMargin - drainTime - 1)
	r.sessions(1, 2)
	r.tell(HeartbeatTTL{TTL: time.Second})
	r.expire(0, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
}

func TestOnlyTheFormerServersSessionIsLeft(t *testing.T) {
	const addrC = "10.0.0.3:4647"
	r := up(t, addrA, addrB, addrC)
	r.tell(Retain{Addr: addrA})
	r.tell(Retain{Addr: addrA}) // the same
	r.tell(Retain{})            // none: there is nothing to move to
	r.expire(drainTime)
	r.sessions(1, 2, 3)
	r.tell(Retain{Addr: addrC})
	for _, id := range []uint64{1, 2, 3} { // 2 was dialed for a probe: it has its own time
		r.use[id] = Usage{Used: r.now}
	}
	r.expire(drainTime, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
	r.sessions(2, 3)
}

func TestAMoveFromAServerWithoutASessionLeavesNothing(t *testing.T) {
	r := newRig(t)
	r.tell(Retain{Addr: addrA})
	r.tell(Retain{Addr: addrB})
	r.tell(r.connect("ann", addrB, 0), "dial "+addrB+" as 1")
	r.tell(Retain{Addr: addrA})
	r.tell(Dialed{Addr: addrB, Session: 1}, "publish", "answer ann: <nil>")
	r.sessions(1)
}

func TestMovesToAndFroFindTheSessionsAsTheyWere(t *testing.T) {
	r := moved(t)
	for range 10 {
		for _, addr := range []string{addrA, addrB} {
			r.expire(drainTime / 2)
			r.tell(Retain{Addr: addr})
			r.tell(r.connect("ann", addr, 0), "answer ann: <nil>")
			r.use[1], r.use[2] = Usage{Used: r.now}, Usage{Used: r.now}
			r.sessions(1, 2)
		}
	}
	r.tell(Retain{Addr: addrA})
	r.expire(drainTime, "publish", "retire 2: "+ErrIdle.Error(), "release 2")
	r.tell(Disconnected{Addr: addrB, Session: 2, Err: ErrIdle})
	r.expire(10 * idleTime) // it is the one that is kept, and not idle since it was left
	r.sessions(1)
}

// Beyond the bounds, a session that left use ends: one that carries nothing if there
// is one, or else the one that was left first.
func TestSessionsOfOneServerDoNotPileUp(t *testing.T) {
	for idle, ended := range map[uint64]uint64{0: 1, 3: 3} {
		r := up(t, addrA)
		r.core.last = 1
		for i := range uint64(MaxPerServer) {
			r.use[i+1] = Usage{Busy: i+1 != idle}
			r.tell(Secured{}, fmt.Sprintf("dial %s as %d", addrA, i+2))
			r.tell(Dialed{Addr: addrA, Session: i + 2}, "publish", fmt.Sprintf("retire %d: %v", i+1, ErrRenewed))
			r.now = r.now.Add(1)
			r.use[i+2] = Usage{Busy: true}
			if i+2 <= MaxPerServer {
				r.expire(0)
				continue
			}
			r.expire(0, fmt.Sprintf("cut %d: %v", ended, ErrTooManySessions))
			r.sessions(i + 2)
		}
	}
}

func TestSessionsThatWereLeftDoNotPileUp(t *testing.T) {
	r := newRig(t)
	for i := range uint64(MaxLeft + 3) {
		addr := fmt.Sprintf("10.0.1.%d:4647", i)
		r.core.Step(r.now, r.connect("ann", addr, 0))
		r.core.Step(r.now, Dialed{Addr: addr, Session: i + 1})
		r.use[i+1] = Usage{Busy: true, Used: r.now}
		r.core.Step(r.now, Retain{Addr: addr})
		r.core.Take()
		r.now = r.now.Add(1)
		if i <= MaxLeft {
			r.expire(0)
			continue
		}
		r.expire(0, "publish", fmt.Sprintf("cut %d: %v", i-MaxLeft, ErrTooManySessions))
	}
	if n := len(r.core.sessions); n != MaxLeft+1 {
		t.Fatalf("%d sessions, want the one in front and %d", n, MaxLeft)
	}
}
