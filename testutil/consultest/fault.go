package testutil

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

type consulFaultKind int

const (
	consulAnswer consulFaultKind = iota + 1
	consulHang
	consulSlow
	consulHuge
	consulCut
	consulRedirect
)

// ConsulFault is one way for a [Consul] to misbehave. Make one with a constructor
// such as [ConsulHang], narrow it, and hand it to [Consul.Inject]. The zero value
// does nothing.
type ConsulFault struct {
	kind       consulFaultKind
	path       string
	datacenter string
	times      int
	status     int
	text       string
	size       int64
	delay      time.Duration
}

// ConsulAnswer answers with a status and a text, without headers of Consul's.
func ConsulAnswer(status int, text string) ConsulFault {
	return ConsulFault{kind: consulAnswer, status: status, text: text}
}

// ConsulDenied answers as ACLs do that forbid to read the service nomad.
func ConsulDenied() ConsulFault {
	return ConsulAnswer(403, `Permission denied: token with AccessorID '00000000-0000-0000-0000-000000000002' lacks permission 'service:read' on "nomad"`)
}

// ConsulNoLeader answers as an agent whose servers have no leader.
func ConsulNoLeader() ConsulFault { return ConsulAnswer(500, "No cluster leader") }

// ConsulMalformed answers with success and a text that need not be JSON.
func ConsulMalformed(text string) ConsulFault { return ConsulAnswer(200, text) }

// ConsulRedirect sends the client elsewhere.
func ConsulRedirect(to string) ConsulFault {
	return ConsulFault{kind: consulRedirect, status: 307, text: to}
}

// ConsulHang does not answer until the client leaves or the agent is stopped.
func ConsulHang() ConsulFault { return ConsulFault{kind: consulHang} }

// ConsulSlow waits before it answers truthfully, unless the client leaves.
func ConsulSlow(d time.Duration) ConsulFault { return ConsulFault{kind: consulSlow, delay: d} }

// ConsulHuge answers with a list that is well-formed, and at least so many bytes
// long.
func ConsulHuge(size int64) ConsulFault { return ConsulFault{kind: consulHuge, size: size} }

// ConsulCut answers with the beginning of a list and closes the connection.
func ConsulCut() ConsulFault { return ConsulFault{kind: consulCut} }

// On narrows the fault to paths that begin so.
func (f ConsulFault) On(path string) ConsulFault { f.path = path; return f }

// In narrows the fault to requests for one datacenter.
func (f ConsulFault) In(datacenter string) ConsulFault { f.datacenter = datacenter; return f }

// Times ends the fault after it hit n requests. Zero or less: it stays until
// [Consul.Heal].
func (f ConsulFault) Times(n int) ConsulFault { f.times = max(n, 0); return f }

// String names the fault.
func (f ConsulFault) String() string {
	names := [...]string{"none", fmt.Sprintf("answer %d", f.status), "hang", "slow", "huge", "cut", "redirect"}
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

// activeConsulFault is a fault that was injected.
type activeConsulFault struct {
	ConsulFault
	left atomic.Int64 // meaningful only with times > 0
}

// Inject makes the agent misbehave, in addition to what was injected before. Of
// several faults that a request meets, the first one counts.
func (c *Consul) Inject(faults ...ConsulFault) {
	replace(&c.faults, func(old *[]*activeConsulFault) *[]*activeConsulFault {
		next := append([]*activeConsulFault(nil), *old...)
		for _, f := range faults {
			a := &activeConsulFault{ConsulFault: f}
			a.left.Store(int64(f.times))
			next = append(next, a)
		}
		return &next
	})
}

// Heal removes all injected faults. Requests that hang go on hanging.
func (c *Consul) Heal() { c.faults.Store(new([]*activeConsulFault)) }

// strike is the fault that a request meets; it claims one use of it.
func (c *Consul) strike(path, datacenter string) ConsulFault {
	for _, a := range *c.faults.Load() {
		if !strings.HasPrefix(path, a.path) || a.datacenter != "" && a.datacenter != datacenter {
			continue
		}
		if a.times == 0 || a.left.Add(-1) >= 0 {
			return a.ConsulFault
		}
	}
	return ConsulFault{}
}
