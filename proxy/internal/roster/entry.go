package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// entry is the state of one listed server. It is created when the
// server joins and forgotten when it leaves; its role is the class of the list
// it stands in.
type entry struct {
	server        messages.Server // under the name it first came with
	key           string          // of server
	datacenter    string          // of the last heartbeat; empty: unknown
	health        messages.Health
	source        messages.Source // how it became a primary
	listedBy      messages.Source // how it came into the backup set
	listed        bool            // in the backup set, also while it is a primary
	retained      bool            // no longer named, kept until a server that is named answers
	found         bool            // discovery brought it, and nothing else has since
	failure       uint64          // sequence number of its last failure
	failures      uint64          // how often it has come to be failed
	cause         error           // of its last failure; nil: it did not answer
	since         uint64          // epoch that published its last change of health, or that it was added
	touched       bool            // such a change waits for the next epoch
	logged        bool            // that it knows no leader has been logged, and it has not been alive since
	skippedOnce   bool            // a round has begun since it was marked leaderless
	joined        bool            // it has become a primary, and no round has begun since
	back          bool            // so it has, and was one when the last round ended
	swept         uint64          // the sweep of a long list in which a round has tried it
	lastAskedLook uint64          // the last look in which it was asked, or was the suspect; zero: it has answered since
	penalty

	named bool // scratch of list.setPrimaries and list.setBackups
	rank  int  // scratch of list.reorder
}

// newEntry is the entry of a server that joins.
func newEntry(s messages.Server) *entry { return &entry{server: s, key: s.Key(), touched: true} }

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

// penalty is the state of such a server.
type penalty struct {
	behind bool          // rounds try it after the others
	until  time.Time     // that ends with the first round after it
	length time.Duration // of the last such time; 0: there was none
}

// penalize notes a failure of a server that answers probes.
func (p *penalty) penalize(now time.Time) {
	if p.length == 0 || now.Sub(p.until) >= behindMost {
		p.length = behindFirst
	} else {
		p.length = min(2*p.length, behindMost)
	}
	p.behind, p.until = true, now.Add(p.length)
}
