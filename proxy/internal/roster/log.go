package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Level is how much a log line matters.
type Level uint8

// Debug lines tell what the roster does, Info lines what changed for the agent,
// Warn lines what an operator should look at.
const (
	Debug Level = iota
	Info
	Warn
)

func (l Level) String() string {
	switch l {
	case Warn:
		return "warn"
	case Info:
		return "info"
	default:
		return "debug"
	}
}

// Log asks for one log line. What is zero does not belong to the line.
type Log struct {
	Level   Level
	Event   Event
	Message string
	Server  messages.Server // the server it is about
	Next    messages.Server // the one that takes over from it
	Source  messages.Source // how the server that is in front now came into the list
	Err     error
	Fields  Fields
}

// Event is what a log line is about, for programs.
type Event uint8

// The events.
const (
	Other            Event = iota // the text says it
	ServerFailed                  // Server
	ServerAnswers                 // Server, which had failed
	ServerLeaderless              // Server
	FailingOver                   // from Server to Next
	EpisodeEnded                  // Server works; Fields.Took
	NoneAnswers                   // all have failed
	NoneKnown                     // the list is empty
	NoneLed                       // no server knows a leader
	Orphaned                      // none has known one for long
	RoundAdopted                  // Server answered; Fields.Round, as for the next two
	RoundFrozen                   // the server that answered had left
	RoundUnanswered               // none has answered
	DiscoveryFailed               // Fields.Run, as for the next one
	DiscoveryEnded                // Fields.Servers are new
)

// Fields are the numbers of a log line.
type Fields struct {
	Round   uint64 // rebalance round
	Run     uint64 // discovery run
	Servers int    // how many servers it is about

	Failures int           // servers left in an episode
	Took     time.Duration // how long an episode lasted
}
