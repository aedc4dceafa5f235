package poolcore

import (
	"testing"
	"time"
)

// up is a rig with a session to each address, the first numbered 1.
func up(t *testing.T, addrs ...string) *rig {
	r := newRig(t)
	for i, addr := range addrs {
		r.core.Step(r.now, r.connect("ann", addr, 0))
		r.core.Step(r.now, Dialed{Addr: addr, Session: uint64(i + 1)})
		r.use[uint64(i+1)] = Usage{Used: r.now}
	}
	r.core.Take()
	return r
}

func (r *rig) deadline(want time.Duration) {
	r.t.Helper()
	if got := r.core.Deadline(); !got.Equal(r.now.Add(want)) {
		r.t.Fatalf("deadline %v from now, want %v", got.Sub(r.now), want)
	}
}

func TestWithoutASessionThereIsNoDeadline(t *testing.T) {
	r := newRig(t)
	if at := r.core.Deadline(); !at.IsZero() {
		t.Fatalf("deadline %v", at)
	}
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	if at := r.core.Deadline(); !at.IsZero() {
		t.Fatalf("deadline %v while dialing", at)
	}
}

func TestASessionInUseIsLookedAtAgainWhenItCouldBeIdle(t *testing.T) {
	r := up(t, addrA)
	r.use[1] = Usage{Used: r.now.Add(idleTime / 4)}
	r.expire(idleTime)
	r.deadline(idleTime / 4)
	r.expire(idleTime/4, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
}

func TestTheRetainedServersSessionIsKept(t *testing.T) {
	r := up(t, addrA, addrB)
	r.tell(Retain{Addr: addrA})
	r.expire(idleTime, "publish", "retire 2: "+ErrIdle.Error(), "release 2")
	r.tell(Disconnected{Addr: addrB, Session: 2, Err: ErrIdle})
	r.sessions(1)
	r.expire(10 * idleTime)
	r.sessions(1)
	r.tell(Retain{}) // none
	r.expire(idleTime, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
}

func TestADialUnderWayIsNotIdle(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.expire(10 * idleTime)
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.deadline(idleTime)
}

func TestTheDeadlineIsThatOfTheFirstSession(t *testing.T) {
	r := up(t, addrA)
	r.now = r.now.Add(idleTime / 2)
	r.tell(r.connect("bob", addrB, 0), "dial "+addrB+" as 2")
	r.tell(Dialed{Addr: addrB, Session: 2}, "publish", "answer bob: <nil>")
	r.deadline(idleTime / 2)
}

// A probe, or a corroborating ping, costs a server a session. No call is made on it, and the server
// knows no agent by it.
func TestASessionThatOnlyPingsWereOnEndsSoonWhereCallsAreElsewhere(t *testing.T) {
	r := newRig(t)
	r.tell(Retain{Addr: addrA})
	r.tell(HeartbeatTTL{TTL: 10 * time.Minute})
	for i, addr := range []string{addrA, addrB} {
		r.core.Step(r.now, r.connect("ann", addr, 0))
		r.core.Step(r.now, Dialed{Addr: addr, Session: uint64(i + 1)})
		r.use[uint64(i+1)] = Usage{Used: r.now, Pinged: true}
	}
	r.core.Take()
	r.expire(drainTime - 1)
	r.sessions(1, 2)
	r.expire(1, "publish", "retire 2: "+ErrIdle.Error(), "release 2")
	r.tell(Disconnected{Addr: addrB, Session: 2, Err: ErrIdle})
	r.expire(10 * idleTime)
	r.sessions(1) // the one that is kept
}

func TestASessionThatHasCarriedCallsHasTheTimeToBecomeIdle(t *testing.T) {
	r := newRig(t)
	r.tell(Retain{Addr: addrA})
	r.tell(r.connect("ann", addrB, 0), "dial "+addrB+" as 1")
	r.tell(Dialed{Addr: addrB, Session: 1}, "publish", "answer ann: <nil>")
	r.use[1] = Usage{Used: r.now}
	r.expire(idleTime - 1)
	r.sessions(1)
	r.expire(1, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
}

// Where no server is retained, pings are use like any other.
func TestASessionThatIsPingedNowAndThenIsNotIdle(t *testing.T) {
	r := up(t, addrA)
	for range 5 {
		r.use[1] = Usage{Used: r.now, Pinged: true}
		r.expire(idleTime - 1)
		r.sessions(1)
	}
}

// The server that was left knows no agent by a session that only pings were on.
func TestALeftSessionThatOnlyPingsWereOnNeedNotOutlastTheTTL(t *testing.T) {
	r := moved(t)
	r.tell(HeartbeatTTL{TTL: 10 * time.Minute})
	r.use[1] = Usage{Used: r.now, Pinged: true}
	r.expire(drainTime - 1)
	r.sessions(1, 2)
	r.expire(1, "publish", "retire 1: "+ErrIdle.Error(), "release 1")
}

// The TTL of heartbeats is drawn anew with each, and the keepalive follows it.
func TestAKeepaliveThatKeepsChangingFindsADeadServer(t *testing.T) {
	r := newRig(t)
	r.tell(Keepalive{Interval: 30 * time.Second})
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 1")
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer ann: <nil>")
	r.use[1] = Usage{Busy: true, Used: r.now, Heard: r.now}
	for range 5 {
		r.expire(6*time.Second - 1)
		r.tell(Keepalive{Interval: 31 * time.Second})
		r.tell(Keepalive{Interval: 30 * time.Second})
	}
	r.expire(5, "ping 1")
}
