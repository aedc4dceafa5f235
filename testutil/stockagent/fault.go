package stockagent

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

type faultKind int

const (
	faultLeadingByte faultKind = iota + 1
	faultHalfHead
	faultHugeFrame
	faultSlowBytes
	faultDeaf
	faultMuteReverse
	faultResetStreams
	faultEndAmidRequest
	faultEndAmidCall
	faultIgnoreGoAway
	faultEndlessStreams
	faultManyConnections
)

// Fault is one way for an agent to misbehave. Make one with a constructor such as
// [Deaf], narrow it with [Fault.Times] or [Fault.On], and hand it to [Agent.Inject]. The zero
// value does nothing.
type Fault struct {
	kind   faultKind
	mode   byte
	delay  time.Duration
	count  int
	method string
	times  int
}

// LeadingByte begins the next sessions with another byte than 0x06. Times counts
// connections.
func LeadingByte(b byte) Fault { return Fault{kind: faultLeadingByte, mode: b} }

// HalfHead writes half of the head of the next frame of a session, and nothing behind
// it. The connection stays. Times counts sessions.
func HalfHead() Fault { return Fault{kind: faultHalfHead} }

// HugeFrame announces 4 GiB with the next data of a session, of which come those bytes
// that would have come anyway. Times counts sessions.
func HugeFrame() Fault { return Fault{kind: faultHugeFrame} }

// SlowBytes writes one byte at a time on sessions, and pauses for d after each.
func SlowBytes(d time.Duration) Fault { return Fault{kind: faultSlowBytes, delay: d} }

// Deaf reads nothing on sessions; what has come in before the fault may still be read.
// Healing goes on reading where it was left.
func Deaf() Fault { return Fault{kind: faultDeaf} }

// MuteReverse accepts the streams that servers open and answers nothing on them.
// Healing ends those that wait. On has no effect on it.
func MuteReverse() Fault { return Fault{kind: faultMuteReverse} }

// ResetStreams resets each stream once the request is sent, and each one of a server as
// soon as it is accepted.
func ResetStreams() Fault { return Fault{kind: faultResetStreams} }

// EndAmidRequest sends half of a request and then ends the connection. Times counts
// requests.
func EndAmidRequest() Fault { return Fault{kind: faultEndAmidRequest} }

// EndAmidCall ends the connection when a request has been sent, before the answer. Times
// counts requests.
func EndAmidCall() Fault { return Fault{kind: faultEndAmidCall} }

// IgnoreGoAway goes on opening streams on a session after a server has announced that it
// accepts no more.
func IgnoreGoAway() Fault { return Fault{kind: faultIgnoreGoAway} }

// EndlessStreams opens streams on the session with the server in use, up to n, and leaves
// them as they are, beside what the agent does anyway. Healing ends that session.
func EndlessStreams(n int) Fault { return Fault{kind: faultEndlessStreams, count: n} }

// ManyConnections opens n connections to the server in use, each of which begins a
// session and then says nothing more. Healing ends them.
func ManyConnections(n int) Fault { return Fault{kind: faultManyConnections, count: n} }

// On narrows EndAmidRequest, EndAmidCall and ResetStreams to calls of one method. It has
// no effect on others.
func (f Fault) On(method string) Fault { f.method = method; return f }

// Times ends the fault after it hit n times. Zero or less: it stays until [Agent.Heal].
func (f Fault) Times(n int) Fault { f.times = max(n, 0); return f }

// String names the fault.
func (f Fault) String() string {
	names := [...]string{
		"none", "leading byte", "half head", "huge frame", "slow bytes", "deaf", "mute reverse", "reset streams",
		"end amid request", "end amid call", "ignore go-away", "endless streams", "many connections",
	}
	if f.kind < 0 || int(f.kind) >= len(names) {
		return fmt.Sprintf("Fault(%d)", int(f.kind))
	}
	return names[f.kind]
}

// activeFault is an injected fault with the hits it has left.
type activeFault struct {
	Fault
	left *atomic.Int64 // nil: no limit
}

// hit reports whether the fault applies once more.
func (f *activeFault) hit() bool { return f.left == nil || f.left.Add(-1) >= 0 }

// faultSet is the injected faults. It is never changed: another one replaces it.
type faultSet struct {
	active []*activeFault
	healed chan struct{} // closed when they are all removed; sets between have the same
}

func newFaultSet() *faultSet { return &faultSet{healed: make(chan struct{})} }

// with is the set with one more.
func (s *faultSet) with(f Fault) *faultSet {
	a := &activeFault{Fault: f}
	if f.times > 0 {
		a.left = new(atomic.Int64)
		a.left.Store(int64(f.times))
	}
	return &faultSet{active: append(slices.Clone(s.active), a), healed: s.healed}
}

// find returns the fault of the kind that was injected first, and counts a hit. It returns
// nil if there is none, or none that is left. Method is that of a call, empty: of none.
func (s *faultSet) find(kind faultKind, method string) *activeFault {
	for _, f := range s.active {
		if f.kind == kind && (f.method == "" || f.method == method) && f.hit() {
			return f
		}
	}
	return nil
}

// has reports whether a fault of the kind is there, whatever its method, and counts
// nothing.
func (s *faultSet) has(kind faultKind) bool {
	return slices.ContainsFunc(s.active, func(f *activeFault) bool { return f.kind == kind })
}
