package heartbeat

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// The status of a node.
const (
	Initializing = "initializing"
	Ready        = "ready"
	Down         = "down"
	Disconnected = "disconnected"
)

// Config configures a Heartbeat. Proxy and Node are needed; the zero
// value of everything else works.
type Config struct {
	// Proxy carries the calls and gets the servers that replies name. It belongs to the
	// agent, which stops the Heartbeat first.
	Proxy *proxy.Proxy

	// Node is the node to register: a Node, or the agent's own struct or map with string
	// keys, or a pointer to one, which is sent as it is. It is read whenever the node
	// registers, so it must not change: SetNode replaces it.
	Node any

	// NodeID and SecretID are the node's. Empty means the ones in Node, under ID and
	// SecretID. Both are UUIDs of 36 characters.
	NodeID, SecretID string

	// Region is the region of the node's cluster. Empty means that of the Proxy.
	Region string

	// Status is the node's status in heartbeats. Empty means Ready; SetStatus changes it.
	Status string

	// Identity is a signed identity from an earlier run (see AuthToken), or empty.
	// IntroToken is sent with a registration while there is no identity, for clusters that
	// require one of new nodes; empty sends none.
	Identity, IntroToken string

	// OnRegistered is called after each registration that succeeded, OnReply
	// after each heartbeat. OnMissed is called when a TTL ended without a good reply,
	// and after each further call that fails until there is one. OnRefused is called
	// after each registration that failed. Each may be nil; see the package comment
	// for callbacks that block or panic.
	OnRegistered func(Reply)
	OnReply      func(Reply)
	OnMissed     func(Missed)
	OnRefused    func(error)

	// Logger gets a line for each registration, and when heartbeats begin to be
	// missed and succeed again. Single heartbeats are debug. Its writer and hooks are called
	// by one goroutine at a time, which nothing waits for. The zero value logs nothing. Tokens
	// are not logged.
	Logger zerolog.Logger

	// Seed makes the random part of times repeatable, for tests, within one version of this
	// module. Zero means a seed of its own for each Heartbeat.
	Seed uint64
}

// ConfigError names a field of a Config, or an argument, and what is wrong with it.
type ConfigError struct {
	Field  string
	Reason string // quotes the value, unless it is secret
	Err    error  // the cause; may be nil
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("heartbeat: Config.%s %s", printable.Name(e.Field), printable.Text(e.Reason))
}

func (e *ConfigError) Unwrap() error { return e.Err }

// maxQuoted is how many bytes of a bad value an error repeats.
const maxQuoted = 100

// validate fills in the defaults.
func (c *Config) validate() error {
	if c.Proxy == nil {
		return &ConfigError{Field: "Proxy", Reason: "is nil: give the Proxy that carries the calls"}
	}
	if err := validNode(c.Node); err != nil {
		return err
	}
	for _, id := range []struct {
		name, within string
		value        *string
		secret       bool
	}{
		{"NodeID", "ID", &c.NodeID, false},
		{"SecretID", "SecretID", &c.SecretID, true},
	} {
		inside := stringField(c.Node, id.within)
		*id.value = cmp.Or(*id.value, inside)
		quoted, quotedInside := printable.Quote(*id.value, maxQuoted), printable.Quote(inside, maxQuoted)
		if id.secret {
			quoted, quotedInside = fmt.Sprintf("of %d characters", len(*id.value)), "another one"
		}
		switch {
		case inside != "" && inside != *id.value:
			return &ConfigError{Field: id.name, Reason: fmt.Sprintf("is %s and Node.%s is %s: leave one of them out", quoted, id.within, quotedInside)}
		case !isUUID(*id.value):
			return &ConfigError{Field: id.name, Reason: fmt.Sprintf("is %s: give a UUID of 36 characters, here or as Node.%s", quoted, id.within)}
		}
	}
	c.Region, c.Status = cmp.Or(c.Region, c.Proxy.Region()), cmp.Or(c.Status, Ready)
	return validStatus(c.Status)
}

func validNode(node any) error {
	if !isNode(node) {
		return &ConfigError{Field: "Node", Reason: fmt.Sprintf("is %T: give a struct, a map with string keys, or a pointer to one, that is not nil", node)}
	}
	return nil
}

func validStatus(status string) error {
	if !slices.Contains([]string{Initializing, Ready, Down, Disconnected}, status) {
		return &ConfigError{Field: "Status", Reason: fmt.Sprintf("is %s: give Initializing, Ready, Down or Disconnected", printable.Quote(status, maxQuoted))}
	}
	return nil
}

// isUUID reports whether s is written like a UUID: servers look nodes up by UUIDs only, and
// accept no other token as a secret.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
