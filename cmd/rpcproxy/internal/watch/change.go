package watch

import (
	"fmt"
	"strings"
	"time"
)

// Change is something that has changed. Its fields in JSON are those that programs read: what
// does not belong to a kind is left out. Times are those of RFC 3339.
type Change struct {
	At     time.Time `json:"at"`
	Kind   Kind      `json:"kind"`
	Level  Level     `json:"level"`
	Server string    `json:"server,omitempty"` // address
	From   string    `json:"from,omitempty"`   // what it was: an address, a state, a version
	To     string    `json:"to,omitempty"`     // what it is
	Reason string    `json:"reason,omitempty"`

	Status  *Status  `json:"status,omitempty"`  // of KindServer
	Seconds *float64 `json:"seconds,omitempty"` // how long the state, or the trouble, before it lasted
	Text    string   `json:"text"`              // all of it, for people

	times int           // how often, in the log; 0: it is not there
	over  time.Duration // from the first time to the last

	circles bool // a failover to a server that was left a moment before
}

// Status is what is known of a server. It is the line of --once in JSON.
type Status struct {
	State   string   `json:"state"` // alive, failed, leaderless, unknown; of an agent also silent
	Front   bool     `json:"in_front"`
	RTT     *float64 `json:"rtt_ms,omitempty"` // the last one, of an agent the median of five minutes
	P99     *float64 `json:"p99_ms,omitempty"`
	Probes  int      `json:"probes"` // of the last 60
	Lost    int      `json:"lost"`   // of these
	Leader  bool     `json:"leader"`
	Version string   `json:"version,omitempty"`
	Source  string   `json:"source,omitempty"` // where an agent has the server from
}

// Kind is what has changed.
type Kind string

// The kinds.
const (
	KindServer    Kind = "server"    // the first that is known of a server, and each line of --once
	KindState     Kind = "state"     // of a server
	KindMove      Kind = "move"      // another server is in front
	KindLeader    Kind = "leader"    // the servers say that another one leads
	KindVersion   Kind = "version"   // of a server
	KindListed    Kind = "listed"    // an agent knows one more server
	KindUnlisted  Kind = "unlisted"  // or one less
	KindServed    Kind = "served"    // an agent has a server that serves it, or none
	KindHeartbeat Kind = "heartbeat" // an agent's TTL has ended, or it has one again
	KindAgent     Kind = "agent"     // an agent is reached, is not, or has been started anew
)

// Level is how much a change matters.
type Level string

// The levels.
const (
	Info Level = "info"
	Warn Level = "warn"
)

// Line is the change as a line for people, with the number of its repeats.
func (c Change) Line() string {
	level := "INFO"
	if c.Level == Warn {
		level = "WARN"
	}
	at := c.At.Local() //nolint:forbidigo // an agent's may be of another zone, and it is to be shown
	text := c.Text
	if c.times > 1 {
		if c.circles {
			text = strings.Replace(text, "failing over ", "failing over again and again, now ", 1)
		}
		text += fmt.Sprintf(", %d times in %s", c.times, short(c.over))
	}
	return at.Format(time.TimeOnly) + " " + level + " " + text
}

// lasted is d as the field Seconds.
func lasted(d time.Duration) *float64 { return new(max(d, 0).Round(time.Millisecond).Seconds()) }
