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
	Did    []string  `json:"did"`    // the decisions, in order; of more than 24 the first and the last 12
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

// Bounds of a record. A message may name a thousand servers, each with a line of its own.
const (
	recorded  = 256     // decisions
	maxRecord = 1 << 20 // bytes of them all
	firstDid  = 12      // lines of a decision that are kept from its beginning
	lastDid   = 12      // and from its end, where it is told what was published
	maxLine   = 1 << 10 // bytes of a line
)

// deeds collects the lines of a decision.
type deeds struct {
	first, last []string
	more        int // lines between them that were left out
}

// add adds a line; an empty one is none.
func (d *deeds) add(line string) {
	switch {
	case line == "":
		return
	case len(d.first) < firstDid:
		d.first = append(d.first, printable.Line(line, maxLine))
		return
	case len(d.last) == lastDid:
		d.last = append(d.last[:0], d.last[1:]...)
		d.more++
	}
	d.last = append(d.last, printable.Line(line, maxLine))
}

// lines are those that are kept, and how many are not; nil: there was none.
func (d *deeds) lines() []string {
	if d.more == 0 {
		return append(d.first, d.last...)
	}
	return append(append(d.first, fmt.Sprintf("... %d more ...", d.more)), d.last...)
}

// recorder keeps the owner's last decisions. The owner writes; any goroutine may read,
// also when the owner has ended.
type recorder struct {
	slots [recorded]atomic.Pointer[Decision]
	n     uint64 // decisions so far; only the owner uses what is below too
	from  uint64 // decisions of these, from the first one, that are kept no more
	sizes [recorded]int
	bytes int // of all that are kept
}

// add keeps d in place of the oldest decision, or of several where they are too large together.
func (r *recorder) add(d *Decision) {
	r.n++
	d.Seq, d.Cause = r.n, printable.Line(d.Cause, maxLine)
	size := len(d.Cause) + len(d.Reason) + len(d.Active)
	for _, line := range d.Did {
		size += len(line)
	}
	at := (r.n - 1) % recorded
	r.bytes += size - r.sizes[at]
	r.sizes[at] = size
	r.slots[at].Store(d)
	for r.from = max(r.from, r.n-min(r.n, recorded)); r.bytes > maxRecord && r.from < r.n-1; r.from++ {
		oldest := r.from % recorded
		r.slots[oldest].Store(nil)
		r.bytes -= r.sizes[oldest]
		r.sizes[oldest] = 0
	}
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
