package roster

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// Roster holds the server list and decides what becomes of it. It belongs to one
// goroutine; none of its methods blocks. Make one with New.
type Roster struct {
	shared     *Shared
	rng        *rand.Rand
	nodeID     string
	fleetIndex uint64

	list     list
	seeds    []seed
	numNodes int    // size of the cluster, never negative
	leader   string // of the last heartbeat
	failures uint64 // failures seen so far: the sequence number of the last
	rotated  uint64 // epoch that published the last failover

	view       *messages.View // the last that was published; nil: none was
	heartbeats memory
	warnings   throttle
	quorum     quorum
	discovery  discovery
	round      round
	schedule   schedule
	size       size // that the times between rounds follow
	episode    episode
	rare       *rare
	active     int32  // of view: place in the ranking
	joins      int32  // list.joins, as far as it has been looked at
	sweep      uint32 // of a long list
	verified   uint8  // rounds in a row that a heartbeat began to verify the servers that replace retained ones
	sized      bool   // the nodes of the cluster are known
	started    bool
}

// rare is what few rosters have anything of, at a time: see Roster.seldom.
type rare struct {
	returned     lastReturn
	suspicion    suspicion
	reconnecting reconnect
	waiters      []actor.Reply[messages.RebalanceResult] // for the end of a round
}

// seldom is the rare state to write to.
func (r *Roster) seldom() *rare {
	if r.rare == nil {
		r.rare = new(rare)
	}
	return r.rare
}

// schedule decides the time of the next round, and where an agent belongs that has failed
// over. Rounds that follow a failover take it back, so that a server that was restarted has
// again the agents that it had, and no others: the fleet is as even as it was. With Shuffle
// that is the server which was left, with a fleet index or with Rendezvous the first of an
// order.
type schedule struct {
	last      moment.Time // end of the last regular round; before any, the start. It moves when the interval changes: see resize
	draws     draws
	forward   forward
	home      string // the server that was left first; empty: none is to be gone back to
	tries     uint8  // homeward rounds in a row
	displaced bool   // there was a failover since the last round that was not brought forward
	homeward  bool   // the next round takes it back
	joined    bool   // servers have joined since the last round
	first     bool   // there was no regular round since the start, or since the size of the cluster is known
	postponed bool   // no server answers: the next round is brought forward from the time when one does
}

// forward is what brings the next round forward: a failover, or servers that joined.
type forward struct {
	at   moment.Time // when that was; zero: there was none since the last round
	draw float64     // in [0, 1), drawn then: this agent's place among those that meet the same event
}

// steady is for how long a server that was gone back to must not fail, or the agent
// does not go back to it again: one that crashes again and again would have each of
// its agents every time.
const steady = 5 * time.Minute

// lastReturn is the last return to a server that had been left.
type lastReturn struct {
	addr string
	at   moment.Time
}

// reconnect is the row of denials since which no server served the agent.
type reconnect struct {
	first, last moment.Time // denials of the row; zero: there is none
	at          moment.Time // when a denial leads to a connection; zero: not drawn yet
	tries       int
}

// seed is a server to begin with: of the configuration, or given by hand. The seeds
// are a discovery that is always there: heartbeats override them, an orphan gets
// them back.
type seed struct {
	*about
	added     bool // by AddPrimary, in addition to the others
	withdrawn bool // removed by hand: a round that finds no server does not bring it back
}

// seedOf is e as a seed that came from there.
func seedOf(e *entry, from messages.Source) about {
	return about{server: e.server, key: e.key, source: from}
}

// suspicion counts the looks: a server is silent, and corroborators are asked. They may be
// as silent as the suspect, and then it is unknown whether the fault is the network's at
// the agent's end. So within a row of looks no server is asked twice before all the others
// were, unless it has answered meanwhile.
type suspicion struct {
	looks uint64      // so far
	row   uint64      // the look that the row began with
	last  moment.Time // when the last one was
}

// warn logs a warning unless it was given for that server lately. Its address may be
// none, and of any length.
func (r *Roster) warn(now moment.Time, message string, about messages.Server, err error) {
	about.Addr = bounded(about.Addr)
	if r.warnings.allow(now, warning{message: message, addr: about.Addr}) {
		r.shared.box.log(Log{Level: Warn, Message: message, Server: about, Err: err})
	}
}

// refuse logs that a message was refused, which its sender does not learn of unless
// the answer is awaited. The same refusal is not logged again for a while.
func (r *Roster) refuse(now moment.Time, awaited bool, message string, err error) {
	if !awaited && r.warnings.allow(now, warning{message: message, addr: bounded(err.Error())}) {
		r.shared.box.log(Log{Level: Warn, Message: message + ": the list stays as it was", Err: err})
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
	began    moment.Time // zero: all is well
	failures int32       // active servers left in it
	logged   [lost + 1]bool
}
