package proxy

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Decision is one step of the list's owner that changed something.
type Decision struct {
	Seq    uint64    `json:"seq"` // grows by one with each decision
	At     time.Time `json:"at"`
	Cause  string    `json:"cause"`  // the message that was taken, or "a deadline"
	Did    []string  `json:"did"`    // the decisions, in order
	Epoch  uint64    `json:"epoch"`  // of the View afterwards
	Active string    `json:"active"` // address of the active server afterwards
	Reason string    `json:"why"`    // the reason why Active is the active server
}

// String is the decision as lines of text.
func (d Decision) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s\n", d.At.Format("15:04:05.000"), d.Seq, printable.Line(d.Cause, maxLine))
	for _, did := range d.Did {
		fmt.Fprintf(&b, "    %s\n", printable.Line(did, maxLine))
	}
	return b.String()
}

// recorded is the number of decisions kept.
const recorded = 256

// recorder keeps the owner's last decisions. The owner writes; any goroutine may read,
// also when the owner has ended.
type recorder struct {
	slots [recorded]atomic.Pointer[Decision]
	n     uint64 // decisions so far; only the owner uses it
}

// add keeps d in place of the oldest decision.
func (r *recorder) add(d *Decision) {
	r.n++
	d.Seq = r.n
	r.slots[(r.n-1)%recorded].Store(d)
}

// all returns the kept decisions, oldest first. One that is added meanwhile may be missing,
// and so may the one it replaces.
func (r *recorder) all() []Decision {
	list := make([]Decision, 0, recorded)
	for i := range r.slots {
		if d := r.slots[i].Load(); d != nil {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b Decision) int { return int(int64(a.Seq - b.Seq)) })
	return list
}
