package testutil

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Layer is the depth at which a [Garbage] reply breaks.
type Layer int

const (
	// LayerTransport sends bytes that are no yamux frames: at once on a new
	// connection, and instead of the next reply on one that is open already.
	LayerTransport Layer = iota
	// LayerHeader answers with bytes that are no msgpack where the response
	// header should be.
	LayerHeader
	// LayerBody sends a good header and no msgpack behind it.
	LayerBody
	// LayerSeq sends a good reply that carries another request's Seq.
	LayerSeq
	// LayerShape sends a good header and a body of another type.
	LayerShape
	// LayerHugeString sends a good header and a body that announces a string
	// of 4 GiB, of which a few bytes come.
	LayerHugeString
	// LayerNesting sends a good header and a body of 100,000 nested arrays.
	LayerNesting
)

type faultKind int

const (
	faultMute faultKind = iota + 1
	faultNoLeader
	faultAppError
	faultSlow
	faultDropAfterRead
	faultExecuteThenReset
	faultCloseMidReply
	faultHalfClose
	faultGarbage
	faultForward
	faultHoldStreams
)

// Fault is one way for a server to misbehave. Make one with a constructor such
// as [Mute], narrow it with [Fault.On] and [Fault.Times], and hand it to
// [Server.Inject]. The zero value does nothing.
type Fault struct {
	kind   faultKind
	method string
	times  int
	text   string
	delay  time.Duration
	layer  Layer

	failure  Failure
	executed bool
	hops     int
	wrapping Wrapping
}

// Mute reads requests, executes nothing and answers nothing, while yamux pings
// are still answered. A request that was muted is lost: healing the server does
// not answer it, and nothing behind it on the same stream is read.
func Mute() Fault { return Fault{kind: faultMute} }

// HoldStreams leaves the streams that clients open as they are, while the session
// lives on and yamux pings are answered: what an accept loop that hangs does. Of each
// session the first stream is still acknowledged, and nothing on it is read. Healing
// goes on with those that wait. Streams that are served already are not concerned. On
// and Times have no effect on it.
func HoldStreams() Fault { return Fault{kind: faultHoldStreams} }

// NoLeader makes this server believe that the cluster has no leader: calls that
// need one wait and are then answered "No cluster leader". Healing lets the
// waiting ones succeed. Times has no effect on it.
func NoLeader() Fault { return Fault{kind: faultNoLeader} }

// AppError answers the method with an error text instead of executing it.
func AppError(method, text string) Fault {
	return Fault{kind: faultAppError, method: method, text: text}
}

// Slow waits before it executes each request.
func Slow(d time.Duration) Fault { return Fault{kind: faultSlow, delay: d} }

// DropAfterRead reads a request and closes the connection without executing it.
func DropAfterRead() Fault { return Fault{kind: faultDropAfterRead} }

// ExecuteThenReset executes a request and resets the connection instead of
// answering.
func ExecuteThenReset() Fault { return Fault{kind: faultExecuteThenReset} }

// CloseMidReply executes a request, sends half of the reply and closes the
// connection.
func CloseMidReply() Fault { return Fault{kind: faultCloseMidReply} }

// HalfClose answers a request in full and then ends the stream.
func HalfClose() Fault { return Fault{kind: faultHalfClose} }

// Garbage executes a request and answers with nonsense.
func Garbage(at Layer) Fault { return Fault{kind: faultGarbage, layer: at} }

// On narrows the fault to one method.
func (f Fault) On(method string) Fault { f.method = method; return f }

// Times ends the fault after it hit n requests. Zero or less: it stays until
// [Server.Heal].
func (f Fault) Times(n int) Fault { f.times = max(n, 0); return f }

// String names the fault.
func (f Fault) String() string {
	names := [...]string{
		"none", "mute", "no leader", "app error", "slow", "drop after read",
		"execute then reset", "close mid reply", "half close", "garbage", "forward failure",
		"hold streams",
	}
	s := names[f.kind]
	if f.kind == faultForward {
		s += " " + strconv.Quote(f.failure.String())
	}
	if f.method != "" {
		s += " on " + f.method
	}
	if f.times > 0 {
		s += fmt.Sprintf(", %d times", f.times)
	}
	return s
}

// activeFault is a fault that was injected.
type activeFault struct {
	Fault
	left atomic.Int64 // meaningful only with times > 0
}

// hit claims one use of the fault.
func (a *activeFault) hit() bool { return a.times == 0 || a.left.Add(-1) >= 0 }

// faultSet is the published list of a server's faults. It is never changed: a
// new one replaces it, and then changed is closed.
type faultSet struct {
	active  []*activeFault
	changed chan struct{}
}

func newFaultSet(active []*activeFault) *faultSet {
	return &faultSet{active: active, changed: make(chan struct{})}
}

// with returns a set that holds fs too, those in front that were there first.
func (s *faultSet) with(fs []Fault) *faultSet {
	active := slices.Clone(s.active)
	for _, f := range fs {
		if f.kind == 0 {
			continue
		}
		a := &activeFault{Fault: f}
		a.left.Store(int64(f.times))
		active = append(active, a)
	}
	return newFaultSet(active)
}

// hits lists the faults that hit this request and claims one use of each.
func (s *faultSet) hits(method string) []Fault {
	var out []Fault
	for _, a := range s.active {
		if a.kind != faultNoLeader && a.kind != faultHoldStreams && (a.method == "" || a.method == method) && a.hit() {
			out = append(out, a.Fault)
		}
	}
	return out
}

// holdsStreams reports whether new streams are left as they are.
func (s *faultSet) holdsStreams() bool {
	return slices.ContainsFunc(s.active, func(a *activeFault) bool { return a.kind == faultHoldStreams })
}

// leaderless reports whether the method must wait for want of a leader.
func (s *faultSet) leaderless(method string) bool {
	return slices.ContainsFunc(s.active, func(a *activeFault) bool {
		return a.kind == faultNoLeader && (a.method == "" || a.method == method)
	})
}

// garbledTransport claims one use of garbage beneath yamux, for a new connection.
func (s *faultSet) garbledTransport() bool {
	for _, a := range s.active {
		if a.kind == faultGarbage && a.layer == LayerTransport && a.method == "" && a.hit() {
			return true
		}
	}
	return false
}

// ForwardFailure answers requests as a server does that cannot have them executed
// by the leader. A request does not run, unless the failure means that it did, or
// [Fault.Executed] is set. In front stands the prefix of one hop, or of none when
// the server is the leader itself and the failure is one that a leader can have;
// see [Fault.Hops].
func ForwardFailure(f Failure) Fault {
	return Fault{kind: faultForward, failure: f, executed: f == FailHeartbeatNotLeader, hops: hopsByRole}
}

// hopsByRole stands for as many hops as the server's part in the cluster implies.
const hopsByRole = -1

// Executed lets the request run before a [ForwardFailure] is answered. It has no
// effect on failures that mean that nothing ran.
func (f Fault) Executed() Fault {
	f.executed = !f.failure.neverRan()
	return f
}

// Hops is how many servers forwarded the call before it met a [ForwardFailure]:
// each puts a prefix in front.
func (f Fault) Hops(n int) Fault { f.hops = max(n, 0); return f }

// Wrapped is the text that the handler put around that of a [ForwardFailure].
func (f Fault) Wrapped(w Wrapping) Fault { f.wrapping = w; return f }
