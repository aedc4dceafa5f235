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
	Message string
	Server  messages.Server // the server it is about
	Next    messages.Server // the one that takes over from it
	Source  messages.Source // how the server that is in front now came into the list
	Err     error
	Fields  Fields
}

// Fields are the numbers of a log line.
type Fields struct {
	Round   uint64 // rebalance round
	Run     uint64 // discovery run
	Servers int    // how many servers it is about

	Failures int           // servers left in an episode
	Took     time.Duration // how long an episode lasted
}
