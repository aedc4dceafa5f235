package script

import (
	"slices"
	"strings"
	"time"
)

// What a scenario may have at most.
const (
	MaxClients    = 1_000_000
	MaxServers    = 64
	MaxLinks      = 8_000_000      // clients that are simulated, by servers: each takes up to half a kilobyte
	MaxTime       = 24 * time.Hour // the warm-up and the run together
	MaxBytes      = 1 << 20        // of a file
	MaxStatements = 10_000
	maxRate       = 1_000_000
)

// Statement is one line of a scenario. Its String is the canonical text.
type Statement interface{ String() string }

// Clients are the agents.
type Clients struct {
	Count  int
	As     int    // so many are simulated, as a sample; 0: all
	Policy string // the only one that is run; empty: all
}

// Servers are the servers. A limit that is 0 is none.
type Servers struct {
	Count       int
	Handshakes  int           // that one completes in a second
	Backlog     int           // connections that wait for their handshake
	Connections int           // that one has at most
	PerAddress  int           // connections from one address that one has at most
	Service     time.Duration // that one works on a request
	RTT         time.Duration // to all of them; 0: another line says it
}

// keywords are those of statements, in their canonical order.
var keywords = []string{
	"clients", "nat", "servers", "rtt", "zones", "balancer", "dns", "discovery", "heartbeats", "ttl", "forget", "start", "warm",
	"for", "seed",
	"at", "roll", "outage", "expect",
}

// statement reads one.
func (w *words) statement() Statement {
	if w.has() && slices.Contains(verbs, strings.ToLower(w.left[0])) && !slices.Contains(keywords, w.left[0]) {
		w.fail(w.left[0], "an event has a time", "write at 10s "+strings.ToLower(w.left[0]))
	}
	switch w.one(keywords...) {
	case "clients":
		return w.clients()
	case "servers":
		return w.servers()
	case "rtt":
		return w.rtt()
	case "nat":
		return NAT(w.count("clients have one address", 2, MaxClients))
	case "zones":
		return w.zones()
	case "balancer":
		return Balancer{}
	case "dns":
		return DNS(w.directory())
	case "discovery":
		return Discovery(w.directory())
	case "forget":
		w.one("after")
		return Forget(w.span(time.Second))
	case "heartbeats":
		return w.heartbeats()
	case "ttl":
		return TTL(w.span(time.Second))
	case "start":
		w.one("over")
		return StartOver(w.span(0))
	case "warm":
		return Warm(w.span(0))
	case "for":
		return For(w.span(time.Second))
	case "seed":
		return Seed(w.count("is the seed", 0, 1e9))
	case "at":
		return w.at()
	case "roll":
		return w.roll()
	case "outage":
		return w.outage()
	case "expect":
		return w.expect()
	}
	return nil
}
