package testutil

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// ServerConfig configures a [Server]. The zero value works.
type ServerConfig struct {
	// Addr is the TCP address to listen on. Empty: 127.0.0.1, a free port.
	Addr string
	// Region is the region this server belongs to. Empty: "global".
	Region string
	// Datacenter is that of the server in heartbeat replies. Empty: "dc1".
	Datacenter string
	// Advertise is the address, host:port, that clients are told for this server, by
	// Status.Peers, Status.Leader, Status.Members and heartbeats, as advertise.rpc of
	// Nomad is. Nothing need be there. Empty: the one it listens on.
	Advertise string
	// Version is what Status.Members reports as the build. Empty: "2.0.6".
	Version string
	// Tokens switches ACLs on: Status.Members wants one of them. Empty: there are none.
	// Other methods do not look at it, see the end of the package's documentation.
	Tokens []string
	// RPCMajorVersion and RPCMinorVersion stand in heartbeat replies.
	RPCMajorVersion, RPCMinorVersion int

	// HeartbeatTTLMin and HeartbeatTTLMax bound the TTL that a heartbeat reply
	// grants, chosen evenly between them. Both zero: 10 s to 20 s. Only one
	// given: that one always.
	HeartbeatTTLMin, HeartbeatTTLMax time.Duration
	// RPCHoldTimeout is how long a call that needs a leader waits when there
	// is none, before it is answered with "No cluster leader". Zero: 5 s.
	RPCHoldTimeout time.Duration
	// FirstByteTimeout is how long a new connection may stay silent before it
	// is closed. Zero: 5 s.
	FirstByteTimeout time.Duration
	// KeepAlive is the interval of the server's own yamux pings. Zero: 30 s.
	// Negative: none.
	KeepAlive time.Duration
	// MaxConnsPerClient closes each further connection from one client address
	// at once. Zero: no limit. Real servers allow 100.
	MaxConnsPerClient int

	// Seed makes the random choices repeat: TTLs, the order of server lists,
	// elections. Zero: a random seed.
	Seed uint64

	// TLS, when set, makes the server speak TLS only: a connection that does
	// not begin with the TLS byte is closed. Nil: plain TCP, and the TLS byte
	// is refused.
	TLS *tls.Config
}

func (c ServerConfig) withDefaults() ServerConfig {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	after := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Addr, "127.0.0.1:0")
	def(&c.Region, "global")
	def(&c.Datacenter, "dc1")
	def(&c.Version, "2.0.6")
	if c.HeartbeatTTLMin == 0 && c.HeartbeatTTLMax == 0 {
		c.HeartbeatTTLMin, c.HeartbeatTTLMax = 10*time.Second, 20*time.Second
	}
	after(&c.HeartbeatTTLMin, c.HeartbeatTTLMax)
	after(&c.HeartbeatTTLMax, c.HeartbeatTTLMin)
	after(&c.RPCHoldTimeout, 5*time.Second)
	after(&c.FirstByteTimeout, 5*time.Second)
	after(&c.KeepAlive, 30*time.Second)
	return c
}

// ConfigError names a field of a configuration that cannot be used.
type ConfigError struct {
	Field  string // as in the struct
	Value  string // as given
	Reason string // what is wrong and what would do
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("testutil: %s is %q: %s", e.Field, e.Value, e.Reason)
}

// validate expects the defaults filled in. The error is *ConfigError.
func (c ServerConfig) validate() error {
	bad := func(field string, v any, reason string) error {
		return &ConfigError{Field: field, Value: fmt.Sprint(v), Reason: reason}
	}
	switch {
	case c.HeartbeatTTLMin < 0:
		return bad("HeartbeatTTLMin", c.HeartbeatTTLMin, "must not be negative")
	case c.HeartbeatTTLMax < c.HeartbeatTTLMin:
		return bad("HeartbeatTTLMax", c.HeartbeatTTLMax, "must not be below HeartbeatTTLMin")
	case c.RPCHoldTimeout < 0:
		return bad("RPCHoldTimeout", c.RPCHoldTimeout, "must not be negative")
	case c.FirstByteTimeout < 0:
		return bad("FirstByteTimeout", c.FirstByteTimeout, "must not be negative")
	case c.MaxConnsPerClient < 0:
		return bad("MaxConnsPerClient", c.MaxConnsPerClient, "must not be negative; zero is no limit")
	}
	return nil
}

// ClusterConfig configures a [Cluster]. The zero value works.
type ClusterConfig struct {
	// Size is the number of servers to begin with. Zero: 3.
	Size int
	// Server is the configuration of every server. Its Addr must be empty
	// unless Size is 1.
	Server ServerConfig
	// ElectionDelay is how long there is no leader after one died. Zero: 50 ms.
	ElectionDelay time.Duration
	// ForwardErrorWindow is how long after the leader's death the others still
	// forward to it, before they hold calls: one that had forwarded to it before
	// answers the first call "EOF", or "stream closed" if the leader was shut
	// down in an orderly way, and further ones that it refuses connections. It
	// ends with the election at the latest. Zero: they hold at once.
	ForwardErrorWindow time.Duration
	// TransferDelay is how long [Cluster.TransferLeadership] takes. Zero: 50 ms.
	TransferDelay time.Duration
	// FailoverTTL is for how long after an election no heartbeat counts as late,
	// since a new leader gives every node so much time. Zero: not at all. Real
	// servers: 300 s. The TTL that replies grant is the same as ever.
	FailoverTTL time.Duration

	// FirstElection is how long a cluster that is just born has no leader.
	// Zero: the first server leads at once.
	FirstElection time.Duration
	// KeyringDelay is how long after its first election a cluster cannot sign
	// identities, so that a node that needs one cannot register ("keyring has
	// not been initialized yet"). Zero: not at all. Real servers: about 200 ms.
	KeyringDelay time.Duration
}

// ErrStopped is the answer of a server or cluster that was stopped.
var ErrStopped = errors.New("testutil: stopped")
