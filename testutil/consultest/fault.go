package consultest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

type faultKind int

const (
	faultAnswer faultKind = iota + 1
	faultHang
	faultSlow
	faultHuge
	faultCut
	faultRedirect
	faultTrickle
	faultGzip
)

// Fault is one way for a [Server] to misbehave. Make one with a constructor
// such as [Hang], narrow it, and hand it to [Server.Inject]. The zero value
// does nothing.
type Fault struct {
	kind       faultKind
	path       string
	datacenter string
	times      int
	status     int
	text       string
	size       int64
	delay      time.Duration
	header     [][2]string
}

// Answer answers with a status and a text, without headers of Consul's.
func Answer(status int, text string) Fault {
	return Fault{kind: faultAnswer, status: status, text: text}
}

// Denied answers as ACLs do that forbid to read the service nomad.
func Denied() Fault {
	return Answer(403, `Permission denied: token with AccessorID '00000000-0000-0000-0000-000000000002' lacks permission 'service:read' on "nomad"`)
}

// NoLeader answers as an agent whose servers have no leader.
func NoLeader() Fault { return Answer(500, "No cluster leader") }

// Malformed answers with success and a text that need not be JSON.
func Malformed(text string) Fault { return Answer(200, text) }

// Redirect sends the client elsewhere.
func Redirect(to string) Fault {
	return Fault{kind: faultRedirect, status: 307, text: to}
}

// Hang does not answer until the client leaves or the agent is stopped.
func Hang() Fault { return Fault{kind: faultHang} }

// Slow waits before it answers truthfully, unless the client leaves.
func Slow(d time.Duration) Fault { return Fault{kind: faultSlow, delay: d} }

// Huge answers with a list that is well-formed, and at least so many bytes
// long.
func Huge(size int64) Fault { return Fault{kind: faultHuge, size: size} }

// Gzip answers with a list of so many bytes that is compressed to a thousandth of that.
func Gzip(size int64) Fault { return Fault{kind: faultGzip, size: size} }

// Trickle answers with the beginning of a list, and then with a blank now and then, until the
// client leaves.
func Trickle(each time.Duration) Fault { return Fault{kind: faultTrickle, delay: each} }

// With adds a header to an answer of Answer or Malformed, or to the truthful one of Slow.
func (f Fault) With(name, value string) Fault {
	f.header = append(f.header[:len(f.header):len(f.header)], [2]string{name, value})
	return f
}

// Cut answers with the beginning of a list and closes the connection.
func Cut() Fault { return Fault{kind: faultCut} }

// On narrows the fault to paths that begin so.
func (f Fault) On(path string) Fault { f.path = path; return f }

// In narrows the fault to requests for one datacenter.
func (f Fault) In(datacenter string) Fault { f.datacenter = datacenter; return f }

// Times ends the fault after it hit n requests. Zero or less: it stays until
// [Server.Heal].
func (f Fault) Times(n int) Fault { f.times = max(n, 0); return f }

// String names the fault.
func (f Fault) String() string {
	names := [...]string{"none", fmt.Sprintf("answer %d", f.status), "hang", "slow", "huge", "cut", "redirect", "trickle", "gzip"}
	s := names[f.kind]
	if f.path != "" {
		s += " on " + f.path
	}
	if f.datacenter != "" {
		s += " in " + f.datacenter
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

// Inject makes the agent misbehave, in addition to what was injected before. Of
// several faults that a request meets, the first one counts.
func (s *Server) Inject(faults ...Fault) {
	replace(&s.faults, func(old *[]*activeFault) *[]*activeFault {
		next := append([]*activeFault(nil), *old...)
		for _, f := range faults {
			a := &activeFault{Fault: f}
			a.left.Store(int64(f.times))
			next = append(next, a)
		}
		return &next
	})
}

// Heal removes all injected faults. Requests that hang go on hanging.
func (s *Server) Heal() { s.faults.Store(new([]*activeFault)) }

// match returns the fault that a request meets, and claims one use of it.
func (s *Server) match(path, datacenter string) Fault {
	for _, a := range *s.faults.Load() {
		if !strings.HasPrefix(path, a.path) || a.datacenter != "" && a.datacenter != datacenter {
			continue
		}
		if a.times == 0 || a.left.Add(-1) >= 0 {
			return a.Fault
		}
	}
	return Fault{}
}
