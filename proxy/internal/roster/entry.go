package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// entry is the state of one listed server. It is created when the
// server joins and forgotten when it leaves; its role is the class of the list
// it stands in.
type entry struct {
	*about
	*blot
	since       uint64 // epoch that published its last change of health, or that it was added
	failures    uint32 // how often it has come to be failed
	swept       uint32 // the sweep of a long list in which a round has tried it
	rank        int32  // scratch of list.reorder
	health      messages.Health
	listed      bool // in the backup set, also while it is a primary
	retained    bool // no longer named, kept until a server that is named answers
	found       bool // discovery brought it, and nothing else has since
	touched     bool // a change of health waits for the next epoch
	logged      bool // that it knows no leader has been logged, and it has not been alive since
	skippedOnce bool // a round has begun since it was marked leaderless
	joined      bool // it has become a primary, and no round has begun since
	back        bool // so it has, and was one when the last round ended
	behind      bool // rounds try it after the others
	named       bool // scratch of list.setPrimaries and list.setBackups
}

// blot is what a server has that failed, or was silent. Most have none: see entry.blotted.
type blot struct {
	failure       uint64 // sequence number of its last failure
	cause         error  // of that; nil: it did not answer
	lastAskedLook uint64 // the last look in which it was asked, or was the suspect; zero: it has answered since
	penalty
}

// newEntries are the entries of servers that begin together, in one piece of memory.
func newEntries(of []*about) []*entry {
	all, entries := make([]entry, len(of)), make([]*entry, len(of))
	for i, a := range of {
		all[i] = entry{about: a, touched: true}
		entries[i] = &all[i]
	}
	return entries
}

// newEntry is the entry of a server that joins.
func newEntry(a *about) *entry { return &entry{about: a, touched: true} }

// blotted is the blot to write to.
func (e *entry) blotted() *blot {
	if e.blot == nil {
		e.blot = new(blot)
	}
	return e.blot
}

// look is lastAskedLook.
func (e *entry) look() uint64 {
	if e.blot == nil {
		return 0
	}
	return e.lastAskedLook
}

// noteAnswer records an answer, whatever was asked.
func (e *entry) noteAnswer() {
	if e.blot != nil {
		e.lastAskedLook = 0
	}
}

// cleared takes the blot from a server that is alive, as far as nothing depends on it.
func (e *entry) cleared() {
	if e.blot != nil && e.length == 0 {
		e.blot = nil
	}
}

// keyOf is the key of the server at a normalised address.
func keyOf(addr string) string { return messages.Server{Addr: addr}.Key() }

// stale reports whether a message that was formed from the view of this epoch is older
// than the last change of the server. Epoch 0 is the current one.
func (e *entry) stale(epoch uint64) bool { return epoch != 0 && epoch < e.since }

// works reports whether the server answered when it was last asked.
func (e *entry) works() bool { return e.health == messages.Alive || e.health == messages.Leaderless }

// A server that answers probes and leaves calls unanswered would be put in front by
// every round that draws it, and lose calls each time. Rounds try it after the others of
// its class for a time that doubles with each such failure, and begins anew after as
// long without one.
const (
	behindFirst = 5 * time.Minute
	behindMost  = time.Hour
)

// penalty is the state of such a server, in addition to entry.behind.
type penalty struct {
	until  moment.Time   // that ends with the first round after it
	length time.Duration // of the last such time; 0: there was none
}

// penalize notes a failure of a server that answers probes.
func (e *entry) penalize(now moment.Time) {
	p := &e.blotted().penalty
	if p.length == 0 || now.Sub(p.until) >= behindMost {
		p.length = behindFirst
	} else {
		p.length = min(2*p.length, behindMost)
	}
	e.behind, p.until = true, now.Add(p.length)
}
