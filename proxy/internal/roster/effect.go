package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// Effect is something the shell must do. The set is sealed: [Publish], [Probe],
// [EndRound], [Corroborate], [Reconnect], [Discover], [Log] and [Answer]; the last is generic and
// is met as an [Answerer].
//
//sumtype:decl
type Effect interface{ effect() }

// Publish makes View the one that readers see. It is immutable. ActiveReason tells an
// operator why its active server is the active one.
type Publish struct {
	View         *messages.View
	ActiveReason string
}

// Probe asks for one health probe of Server. Its outcome comes back as a
// messages.ProbeDone with the same Round and Server; a probe without an answer
// at Until may be given up silently.
type Probe struct {
	Round  uint64
	Server messages.Server
	Until  time.Time
}

// EndRound cancels the probes of Round that are still outstanding. Results that
// come nevertheless are ignored.
type EndRound struct{ Round uint64 }

// Corroborate asks whether another server answers while Suspect is silent. The
// Others are to be tried in this order, each Stagger later than the one before,
// until one answers, or Limit is over. Those that do not are reported as a messages.FailureNotice,
// the one that does as messages.Recovered, both of Epoch.
type Corroborate struct {
	Suspect messages.Server
	Others  []messages.Server
	Epoch   uint64
	Stagger time.Duration
	Limit   time.Duration // of the whole look, from now on
}

// Reconnect asks for a new connection to Server, whose address may lead to a better
// server by now. One that knows a leader is reported as messages.Reconnected; of one
// that does not, nothing is reported.
type Reconnect struct{ Server messages.Server }

// Discover asks for one discovery run. Its outcome comes back as a
// messages.DiscoveryDone with the same Run; one that never comes is superseded
// by a later run.
type Discover struct{ Run uint64 }

// Answer sends Value to To, where a caller waits for it.
type Answer[R any] struct {
	To    actor.Reply[R]
	Value R
}

// Answerer is an [Answer] of whatever type.
type Answerer interface {
	Effect
	Deliver() // sends the answer; it never blocks
}

// Deliver sends the answer. It never blocks.
func (a Answer[R]) Deliver() { a.To.Send(a.Value) }

func (Publish) effect()     {}
func (Probe) effect()       {}
func (EndRound) effect()    {}
func (Corroborate) effect() {}
func (Reconnect) effect()   {}
func (Discover) effect()    {}
func (Answer[R]) effect()   {}
func (Log) effect()         {}
