package pool

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/rs/zerolog"
)

// Config says how a Pool connects. The zero value works.
type Config struct {
	// Dial opens the transport; nil means TCP. It is called with a context that
	// ends with DialTimeout, and the name in addr is resolved by it each time.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// DialTimeout bounds a dial from the first packet until the server has
	// answered on the session: a connected socket alone proves nothing.
	// Zero means 2 s.
	DialTimeout time.Duration

	// IdleTimeout is how long a session may stay unused before it is closed. The
	// retained server's session is kept. Zero means 2 min.
	IdleTimeout time.Duration

	// MaxIdleStreams bounds the streams kept open per session for the next calls.
	// Zero means 256.
	MaxIdleStreams int

	// MaxReplyBytes bounds a reply, header and body together. Zero means 64 MiB.
	MaxReplyBytes int

	// Logger gets one line when a session begins or ends, at debug level. The
	// zero value logs nothing.
	Logger zerolog.Logger
}

// ConfigError names a field of a Config and what is wrong with it.
type ConfigError struct {
	Field  string
	Reason string // quotes the value
}

func (e *ConfigError) Error() string { return fmt.Sprintf("pool: Config.%s %s", e.Field, e.Reason) }

// validate fills in the defaults.
func (c *Config) validate() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"DialTimeout", &c.DialTimeout, 2 * time.Second},
		{"IdleTimeout", &c.IdleTimeout, 2 * time.Minute},
	} {
		if *d.value < 0 {
			return &ConfigError{d.name, fmt.Sprintf("is %v: give a positive duration, or 0 for %v", *d.value, d.zero)}
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	for _, n := range []struct {
		name  string
		value *int
		zero  int
	}{
		{"MaxIdleStreams", &c.MaxIdleStreams, 256},
		{"MaxReplyBytes", &c.MaxReplyBytes, 64 << 20},
	} {
		if *n.value < 0 {
			return &ConfigError{n.name, fmt.Sprintf("is %d: give a positive number, or 0 for %d", *n.value, n.zero)}
		}
		if *n.value == 0 {
			*n.value = n.zero
		}
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	return nil
}
