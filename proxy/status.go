package proxy

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Snapshot is the state of a Proxy at one moment, for programs. In JSON names are in snake case,
// durations are seconds, and times are those of RFC 3339. What came from outside in it is
// printable, and cut. It has no tokens, keys or certificates. The parts are read one by one: calls that run
// meanwhile may show in one and not yet in another.
type Snapshot struct {
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	Uptime  Seconds   `json:"uptime"`
	Build   Build     `json:"build"`

	Active      string           `json:"active"`                // address; empty: there is none
	ActiveSince time.Time        `json:"active_since,omitzero"` // when it became the active server
	Reason      string           `json:"why"`                   // the reason why it is
	Epoch       uint64           `json:"epoch"`                 // of the View
	NumNodes    int              `json:"num_nodes"`             // of the cluster, as the last heartbeat says
	Leader      string           `json:"leader,omitempty"`      // empty: it named none
	Fault       string           `json:"fault,omitempty"`       // why the Proxy ended, if Stop did not end it
	Unserved    bool             `json:"unserved"`              // no server is known that serves the agent, or that may
	UnservedFor Seconds          `json:"unserved_for"`          // for how long that has been so
	Servers     []ServerStatus   `json:"servers"`               // best first
	Sessions    []SessionStatus  `json:"sessions"`              // the Proxy's own first; at most 256
	LeftOut     int              `json:"sessions_left_out"`     // those beyond
	Tenants     int              `json:"tenants"`
	Heartbeat   *HeartbeatStatus `json:"heartbeat,omitempty"` // the last one that was answered; nil: none was
	Moves       []MoveStatus     `json:"moves"`               // the last 32, oldest first
	Counts      Counts           `json:"counts"`
}

// Build is what a program was built from.
type Build struct {
	Version  string `json:"version"`            // of this module; "(devel)" where it is not known
	Revision string `json:"revision,omitempty"` // of the program's own module, if it has one
	Go       string `json:"go"`
}

// ServerStatus is one server of the list.
type ServerStatus struct {
	Addr     string          `json:"addr"`
	Role     string          `json:"role"`
	Health   string          `json:"health"`
	Source   messages.Source `json:"source"`
	Active   bool            `json:"active"`
	Retained bool            `json:"retained,omitempty"` // kept although the last heartbeat does not name it, until a server that it names answers
	Failures uint64          `json:"failures"`           // how often it was found to have failed
	Answered uint64          `json:"answered"`           // calls that were measured, of Tenants too: without blocking queries
	RTT      RTT             `json:"rtt"`
}

// RTT is how long a server took to answer over the last five minutes: calls other than blocking
// queries, its own time included; over a Pinger the probes of rounds only.
type RTT struct {
	Count uint64  `json:"count"` // 0: there was none, and the rest is zero
	P50   Seconds `json:"p50"`   // within an eighth
	P99   Seconds `json:"p99"`

	// Series is the P50 of each half minute of them, the oldest first; the last one is still
	// being filled. 0: there was no call in it.
	Series []Seconds `json:"series"`
}

// SessionStatus is one connection to a server.
type SessionStatus struct {
	Server          string    `json:"server"`
	ID              uint64    `json:"id"`     // unique among those of the Proxy, or of one Tenant
	Tenant          bool      `json:"tenant"` // of a Tenant
	State           string    `json:"state"`  // as pool.SessionState prints it
	Since           time.Time `json:"since"`
	Age             Seconds   `json:"age"`
	Quiet           Seconds   `json:"quiet"` // since the last sign of life
	TLS             bool      `json:"tls"`
	Doubt           bool      `json:"doubt"` // it is silent while calls wait, or its server answers none
	Calls           int64     `json:"calls"` // in flight
	Streams         int64     `json:"streams"`
	IncomingStreams int64     `json:"incoming_streams"` // that the server has opened
	IdleStreams     int       `json:"idle_streams"`
	BytesIn         uint64    `json:"bytes_in"` // inside TLS
	BytesOut        uint64    `json:"bytes_out"`
}

// HeartbeatStatus is the last heartbeat that was answered.
type HeartbeatStatus struct {
	Server  string  `json:"server"`
	Tenant  bool    `json:"tenant"` // of the agent of a Tenant
	Age     Seconds `json:"age"`
	TTL     Seconds `json:"ttl"`      // 0: it granted none
	Margin  Seconds `json:"margin"`   // what is left of the TTL; negative: it has ended
	AtReply Seconds `json:"at_reply"` // what was left of the TTL before when it was answered; 0: that is not known
}

// MoveStatus is a MoveEvent that is kept.
type MoveStatus struct {
	At      time.Time  `json:"at"`
	From    string     `json:"from"` // address; empty: none
	To      string     `json:"to"`
	Reason  MoveReason `json:"reason"`
	Epoch   uint64     `json:"epoch"`
	Trouble Seconds    `json:"trouble"`
}

// Counts is what a Proxy and its Tenants have done since the start.
type Counts struct {
	Calls       map[CallOutcome]uint64 `json:"calls"` // that ended, streams that were opened among them
	Retries     uint64                 `json:"retries"`
	RetryTokens float64                `json:"retry_tokens"` // retries that are left before pauses get long
	Moves       map[MoveReason]uint64  `json:"moves"`
	Rounds      map[RoundResult]uint64 `json:"rounds"`
	Discoveries []DiscoveryCount       `json:"discoveries"`
	Unserved    Seconds                `json:"unserved"` // for how long in all no server was known that serves the agent
	Pool        PoolCounts             `json:"pool"`
	Panics      uint64                 `json:"panics"`
	LostLines   uint64                 `json:"lost_lines"`
	LostEvents  uint64                 `json:"lost_events"`
}

// PoolCounts is some of the pool.Stats of the Proxy's own pool; zero over a Pinger.
type PoolCounts struct {
	InFlight       int    `json:"in_flight"` // calls and streams now
	Dials          uint64 `json:"dials"`
	DialFailures   uint64 `json:"dial_failures"`
	Pings          uint64 `json:"pings"`
	ReverseCalls   uint64 `json:"reverse_calls"`
	ReverseStreams uint64 `json:"reverse_streams"`
	BytesIn        uint64 `json:"bytes_in"` // on the transport
	BytesOut       uint64 `json:"bytes_out"`
}

// DiscoveryResult is how a run of the Discoverer ended for one source.
type DiscoveryResult string

// The results.
const (
	DiscoveryFound  DiscoveryResult = "found"  // it has addresses
	DiscoveryEmpty  DiscoveryResult = "empty"  // it has none, without an error
	DiscoveryFailed DiscoveryResult = "failed" // with an error; of a Discoverer made of several, at least one has failed
)

var discoveryResults = [...]DiscoveryResult{DiscoveryFound, DiscoveryEmpty, DiscoveryFailed}

// DiscoveryCount is how many runs of the Discoverer ended so for a source, of the first 16.
type DiscoveryCount struct {
	Source messages.Source `json:"source"`
	Result DiscoveryResult `json:"result"`
	Count  uint64          `json:"count"`
}
