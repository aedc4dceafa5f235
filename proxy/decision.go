package proxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Decision is one step of the list's owner that changed something, or several that were the
// same: they count as one as long as nothing else is published.
type Decision struct {
	Seq    uint64       `json:"seq"` // grows by one with each decision
	At     time.Time    `json:"at"`
	Last   time.Time    `json:"last,omitzero"`    // when it was made last, if Times is not 1
	Times  int          `json:"times"`            // how often
	Kind   DecisionKind `json:"kind"`             // what was taken
	Server string       `json:"server,omitempty"` // address of the server that it was about; empty: it was about none
	Cause  string       `json:"cause"`            // what was taken, as text, as it was last
	Did    []Action     `json:"did"`              // the decisions, in order, as they were last; of more than 24 the first and the last 12
	Epoch  uint64       `json:"epoch"`            // of the View afterwards
	Active string       `json:"active"`           // address of the active server afterwards
	Reason string       `json:"why"`              // the reason why Active is the active server
}

// DecisionKind is what led to a Decision.
type DecisionKind string

// The kinds.
const (
	CauseStart       DecisionKind = "start"
	CauseDeadline    DecisionKind = "deadline"
	CauseHeartbeat   DecisionKind = "heartbeat" // Server has answered it
	CauseFailure     DecisionKind = "failure"
	CauseNoLeader    DecisionKind = "no_leader" // Server answers and cannot serve the agent
	CauseAnswer      DecisionKind = "answer"
	CauseReconnected DecisionKind = "reconnected"
	CauseSilence     DecisionKind = "silence"
	CauseRound       DecisionKind = "round" // one was asked for
	CauseProbe       DecisionKind = "probe"
	CauseDiscovery   DecisionKind = "discovery"
	CauseManual      DecisionKind = "manual" // servers were set, added or removed by hand
	CauseOther       DecisionKind = "other"
)

// Action is one thing that was decided. What is zero does not belong to its kind.
type Action struct {
	Kind    ActionKind `json:"kind"`
	Server  string     `json:"server,omitempty"`  // address; of ActionPublish the active server
	Next    string     `json:"next,omitempty"`    // address of the server that takes over from Server
	Others  []string   `json:"others,omitempty"`  // of ActionCorroborate: those that are asked
	Servers int        `json:"servers,omitempty"` // how many
	Epoch   uint64     `json:"epoch,omitempty"`   // that is published
	Round   uint64     `json:"round,omitempty"`
	Run     uint64     `json:"run,omitempty"` // of the Discoverer
	Level   string     `json:"level,omitempty"`
	Text    string     `json:"text"` // all of it, for people
}

// String is the action as a line of text.
func (a Action) String() string { return printable.Line(a.Text, maxLine) }

// ActionKind is the kind of an Action.
type ActionKind string

// The kinds. From ActionServerFailed on they are lines of the log.
const (
	ActionPublish     ActionKind = "publish"
	ActionProbe       ActionKind = "probe"
	ActionEndRound    ActionKind = "end_round"
	ActionCorroborate ActionKind = "corroborate" // other servers are asked whether they answer while Server is silent
	ActionReconnect   ActionKind = "reconnect"
	ActionDiscover    ActionKind = "discover"
	ActionMore        ActionKind = "more" // Servers actions are left out here

	ActionServerFailed     ActionKind = "server_failed"
	ActionServerAnswers    ActionKind = "server_answers" // after it had failed
	ActionServerLeaderless ActionKind = "server_leaderless"
	ActionFailover         ActionKind = "failover"     // from Server to Next
	ActionRecovered        ActionKind = "recovered"    // the trouble is over
	ActionNoneAnswers      ActionKind = "none_answers" // all servers have failed
	ActionNoneKnown        ActionKind = "none_known"   // there is no server
	ActionNoneLed          ActionKind = "none_led"     // no server knows a leader
	ActionOrphaned         ActionKind = "orphaned"     // none has known one for long
	ActionRoundEnded       ActionKind = "round_ended"
	ActionDiscoveryEnded   ActionKind = "discovery_ended"
	ActionLog              ActionKind = "log" // the text says it
)

// String is the decision as lines of text.
func (d Decision) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s%s\n", d.At.Format("15:04:05.000"), d.Seq, printable.Line(d.Cause, maxLine), d.repeats())
	for _, did := range d.Did {
		fmt.Fprintf(&b, "    %s\n", did)
	}
	return b.String()
}

// repeats is how often it was made, if that is more than once.
func (d Decision) repeats() string {
	if d.Times <= 1 {
		return ""
	}
	return fmt.Sprintf(", %d times in %v", d.Times, d.Last.Sub(d.At).Round(100*time.Millisecond))
}

// Bounds of a record. A message may name a thousand servers, each with a line of its own.
const (
	recorded  = 256     // decisions
	maxRecord = 1 << 20 // bytes of them all
	firstDid  = 12      // lines of a decision that are kept from its beginning
	lastDid   = 12      // and from its end, where it is told what was published
	maxLine   = 1 << 10 // bytes of a line
)

// deeds collects the actions of a decision.
type deeds struct {
	first, last []Action
	more        int // actions between them that were left out
}

// add adds an action; one without a text is none.
func (d *deeds) add(a Action) {
	a.Text, a.Server, a.Next = shownLine(a.Text, maxLine), shownLine(a.Server, printable.MaxName), shownLine(a.Next, printable.MaxName)
	switch {
	case a.Text == "":
		return
	case len(d.first) < firstDid:
		d.first = append(d.first, a)
		return
	case len(d.last) == lastDid:
		d.last = append(d.last[:0], d.last[1:]...)
		d.more++
	}
	d.last = append(d.last, a)
}

// actions are those that are kept, and how many are not; nil: there was none.
func (d *deeds) actions() []Action {
	if d.more == 0 {
		return append(d.first, d.last...)
	}
	return append(append(d.first, Action{Kind: ActionMore, Servers: d.more, Text: fmt.Sprintf("... %d more ...", d.more)}), d.last...)
}
