package roster

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Roster holds the server list and decides what becomes of it. It belongs to one
// goroutine; none of its methods blocks. Make one with New.
type Roster struct {
	cfg Config
	rng *rand.Rand

	list     list
	seeds    []seed
	numNodes int    // size of the cluster, never negative
	leader   string // of the last heartbeat
	failures uint64 // failures seen so far: the sequence number of the last
	rotated  uint64 // epoch that published the last failover

	published    published
	heartbeats   memory
	warnings     throttle
	quorum       quorum
	discovery    discovery
	round        round
	schedule     schedule
	returned     lastReturn
	size         size // that the times between rounds follow
	sized        bool // the nodes of the cluster are known
	joins        int  // list.joins, as far as it has been looked at
	sweep        uint64
	episode      episode
	suspicion    suspicion
	reconnecting reconnect
	verified     int // rounds in a row that a heartbeat began to verify the servers that replace retained ones
	box          outbox
	started      bool
}

// published is what the last view shows. Its ranking belongs to that view and is
// never edited.
type published struct {
	epoch    uint64 // zero: nothing has been published
	ranking  []messages.Ranked
	active   int
	numNodes int
	leader   string
}

// schedule decides the time of the next round.
type schedule struct {
	last    time.Time // end of the last regular round; before any, the start. It moves when the interval changes: see resize
	first   bool      // there was no such round since the start, or since the size of the cluster is known
	draws   draws
	forward forward
	displacement
}

// forward is what brings the next round forward: a failover, or servers that joined.
type forward struct {
	at        time.Time // when that was; zero: there was none since the last round
	draw      float64   // in [0, 1), drawn then: this agent's place among those that meet the same event
	postponed bool      // no server answers: it is brought forward from the time when one does
}

// displacement is where an agent belongs that has failed over. Rounds that follow a
// failover take it back, so that a server that was restarted has again the agents that
// it had, and no others: the fleet is as even as it was. With Shuffle that is the
// server which was left, with a fleet index or with Rendezvous the first of an order.
type displacement struct {
	displaced bool   // there was a failover since the last round that was not brought forward
	homeward  bool   // the next round takes it back
	home      string // the server that was left first; empty: none is to be gone back to
	joined    bool   // servers have joined since the last round
	tries     int    // homeward rounds in a row
}

// steady is for how long a server that was gone back to must not fail, or the agent
// does not go back to it again: one that crashes again and again would have each of
// its agents every time.
const steady = 5 * time.Minute

// lastReturn is the last return to a server that had been left.
type lastReturn struct {
	addr string
	at   time.Time
}

// reconnect is the row of denials since which no server served the agent.
type reconnect struct {
	first, last time.Time // denials of the row; zero: there is none
	at          time.Time // when a denial leads to a connection; zero: not drawn yet
	tries       int
}

// seed is a server to begin with: of the configuration, or given by hand. The seeds
// are a discovery that is always there: heartbeats override them, an orphan gets
// them back.
type seed struct {
	server    messages.Server
	source    messages.Source
	added     bool // by AddPrimary, in addition to the others
	withdrawn bool // removed by hand: a round that finds no server does not bring it back
}

// suspicion counts the looks: a server is silent, and corroborators are asked. They may be
// as silent as the suspect, and then it is unknown whether the fault is the network's at
// the agent's end. So within a row of looks no server is asked twice before all the others
// were, unless it has answered meanwhile.
type suspicion struct {
	looks uint64    // so far
	row   uint64    // the look that the row began with
	last  time.Time // when the last one was
}

// warn logs a warning unless it was given for that server lately. Its address may be
// none, and of any length.
func (r *Roster) warn(now time.Time, message string, about messages.Server, err error) {
	about.Addr = bounded(about.Addr)
	if r.warnings.allow(now, warning{message: message, addr: about.Addr}) {
		r.box.command(Log{Level: Warn, Message: message, Server: about, Err: err})
	}
}

// refuse logs that a message was refused, which its sender does not learn of unless
// the answer is awaited. The same refusal is not logged again for a while.
func (r *Roster) refuse(now time.Time, awaited bool, message string, err error) {
	if !awaited && r.warnings.allow(now, warning{message: message, addr: bounded(err.Error())}) {
		r.box.command(Log{Level: Warn, Message: message + ": the list stays as it was", Err: err})
	}
}

// trouble is the reason why the agent is not served.
type trouble uint8

const (
	calm     trouble = iota
	unsure           // another server has taken over, and has not answered yet
	noLeader         // servers answer, and none of them knows a leader
	orphaned         // no heartbeat has named a leader for three lifetimes
	bare             // no server is known
	lost             // no server answers
)

// episode is the time from the first sign of trouble until a server serves the
// agent again. An operator reads one line when it begins, one each time it
// gets worse, and one when it ends.
type episode struct {
	began    time.Time // zero: all is well
	logged   [lost + 1]bool
	failures int // active servers left in it
}
