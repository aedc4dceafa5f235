package stockagent

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// Config configures an [Agent]. Only Servers is needed.
type Config struct {
	// Servers are the addresses to begin with, each host:port.
	Servers []string
	// Region is the agent's own. Empty: "global".
	Region string
	// Datacenter is that of the node. Empty: "dc1".
	Datacenter string
	// Name is that of the node. Empty: "agent".
	Name string
	// NodeID and SecretID identify the node. Empty: made of Name, always the same.
	NodeID, SecretID string

	// TLS makes each connection begin with the TLS byte and a handshake. A
	// ServerName that is empty becomes server.<Region>.nomad. Nil: plain TCP.
	TLS *tls.Config
	// Dial makes the TCP connections. Nil: the network.
	Dial func(ctx context.Context, addr string) (net.Conn, error)

	// Handlers answer what servers ask, beside the methods that are answered anyway.
	Handlers Handlers
	// Faults are injected before the first connection.
	Faults []Fault

	// Status is asked for the status of each new heartbeat, not of its repetitions,
	// by one goroutine. Nil: always "ready".
	Status func() string
	// OnBeat is told of each attempt at a heartbeat. The next one waits for it. It may
	// call the agent, except for Register and Stop. Nil: nobody is.
	OnBeat func(Beat)
	// OnError is told of each call that failed, also of those that are repeated, by
	// the goroutine that made it. The error is that of [Agent.Call]. Nil: nobody is.
	OnError func(server, method string, err error)

	// RPCHoldTimeout is how long a call is repeated, and sixteen times the longest
	// pause before that. Zero: 5 s.
	RPCHoldTimeout time.Duration
	// Grace is how long after its TTL a heartbeat counts as missed. Zero: 10 s, as
	// with servers at their defaults.
	Grace time.Duration
	// FirstHeartbeat is the longest time from the registration to the first
	// heartbeat, which comes earlier if the first query is answered. Zero: 10 s.
	FirstHeartbeat time.Duration
	// RegisterRetry is the pause after a registration that failed, lengthened by up to
	// as much again, and ended by a call that succeeds. Zero: 15 s.
	RegisterRetry time.Duration
	// QueryRetry is the same after a query for allocations. Zero: 30 s.
	QueryRetry time.Duration
	// RebalanceAfter is how often the servers are taken into another order, lengthened
	// by up to half of it. Zero: 5 min. Negative: never.
	RebalanceAfter time.Duration
	// SessionIdle is how long a session is kept that nothing uses. Zero: 5 min.
	// Negative: for ever.
	SessionIdle time.Duration
}

// Beat is one attempt at a heartbeat.
type Beat struct {
	Due  time.Time     // when it was to be sent first
	Sent time.Time     // when it was sent this time
	Done time.Time     // when it was answered or failed
	TTL  time.Duration // as granted
	Err  error         // as [Agent.Call] returns it; nil: it succeeded
}

// ConfigError names a field of a [Config] that cannot be used.
type ConfigError struct {
	Field  string // as in the struct
	Value  string // as given
	Reason string // what is wrong and what would do
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("stockagent: %s is %q: %s", e.Field, e.Value, e.Reason)
}

func (c Config) withDefaults() Config {
	text := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	text(&c.Region, "global")
	text(&c.Datacenter, "dc1")
	text(&c.Name, "agent")
	text(&c.NodeID, testutil.NodeID(c.Name))
	text(&c.SecretID, testutil.NodeID("the secret of "+c.Name))
	for d, v := range map[*time.Duration]time.Duration{
		&c.RPCHoldTimeout: 5 * time.Second, &c.Grace: 10 * time.Second, &c.FirstHeartbeat: 10 * time.Second,
		&c.RegisterRetry: 15 * time.Second, &c.QueryRetry: 30 * time.Second,
		&c.RebalanceAfter: 5 * time.Minute, &c.SessionIdle: 5 * time.Minute,
	} {
		if *d == 0 {
			*d = v
		}
	}
	if c.Status == nil {
		c.Status = func() string { return "ready" }
	}
	if c.Dial == nil {
		c.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}
	}
	if c.TLS != nil && c.TLS.ServerName == "" {
		c.TLS = c.TLS.Clone()
		c.TLS.ServerName = "server." + c.Region + ".nomad"
	}
	c.Servers = slices.Clone(c.Servers)
	c.Handlers = c.Handlers.withEcho(c.NodeID)
	return c
}

// validate expects the defaults filled in. The error is *ConfigError.
func (c Config) validate() error {
	if len(c.Servers) == 0 {
		return &ConfigError{Field: "Servers", Reason: "give the address of at least one server"}
	}
	for _, addr := range c.Servers {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return &ConfigError{Field: "Servers", Value: addr, Reason: "give host:port"}
		}
	}
	for field, d := range map[string]time.Duration{
		"RPCHoldTimeout": c.RPCHoldTimeout, "Grace": c.Grace, "FirstHeartbeat": c.FirstHeartbeat,
		"RegisterRetry": c.RegisterRetry, "QueryRetry": c.QueryRetry,
	} {
		if d < 0 {
			return &ConfigError{Field: field, Value: d.String(), Reason: "must not be negative"}
		}
	}
	return nil
}
