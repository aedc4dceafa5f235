package sidecar

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"reflect"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Config configures a Sidecar. It needs an address or a listener, and servers in Proxy.
type Config struct {
	// Listen are the addresses to listen at, host:port, or unix:/path for a socket. Listeners
	// are listeners that exist, which Start takes over, also if it fails.
	Listen    []string
	Listeners []net.Listener

	// Advertise is the address, host:port, under which agents are told to find the sidecar.
	// Empty means the one at which they did.
	Advertise string

	// Proxy is the configuration of the Proxy that carries the calls. Its Pinger must be nil, and
	// the Handlers in its Pool empty: what servers ask goes to the agents.
	Proxy proxy.Config

	// Admit is asked for each connection, in a goroutine of its own, before anything is read; an
	// error refuses it. nil admits peers at loopback addresses and at Unix sockets.
	Admit func(net.Conn) error

	// AdmitLogs means that Admit, which must be given then, logs itself what it refuses: the
	// Sidecar only counts it. A panic of Admit is logged in any case.
	AdmitLogs bool

	// ServerTLS is what agents that speak TLS are shown. nil refuses them.
	ServerTLS *tls.Config

	// DrainTimeout is how long Stop waits for calls that run, and for how long those of an agent
	// that has left go on. Zero means 10 s.
	DrainTimeout time.Duration

	// MaxConns bounds the connections of agents. One peer address gets no more than three times
	// what it leaves to the others. Of connections that have not said yet what they are, a
	// quarter of it is kept, the newest. Zero means 512.
	MaxConns int

	// Logger gets one line when the sidecar begins and ends, at debug level when an agent comes
	// and goes, and at most one a minute of each kind when something was refused, or failed. The
	// zero value logs nothing. Proxy has a Logger of its own.
	Logger zerolog.Logger
}

// ConfigError names a field of a Config and what is wrong with it.
type ConfigError struct {
	Field  string
	Reason string // quotes the value
	Err    error  // the cause; may be nil
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("sidecar: Config.%s %s", printable.Name(e.Field), printable.Text(e.Reason))
}

func (e *ConfigError) Unwrap() error { return e.Err }

// maxMaxConns is the most that MaxConns may be.
const maxMaxConns = 1 << 16

// validate fills in the defaults.
func (c *Config) validate() error {
	switch {
	case len(c.Listen)+len(c.Listeners) == 0:
		return &ConfigError{Field: "Listen", Reason: "and Listeners are empty: give an address such as 127.0.0.1:4746"}
	case c.DrainTimeout < 0:
		return &ConfigError{Field: "DrainTimeout", Reason: fmt.Sprintf("is %v: give a positive duration, or 0 for 10s", c.DrainTimeout)}
	case c.MaxConns < 0 || c.MaxConns > maxMaxConns:
		return &ConfigError{Field: "MaxConns", Reason: fmt.Sprintf("is %d: give a positive number up to %d, or 0 for 512", c.MaxConns, maxMaxConns)}
	case c.Proxy.Pinger != nil:
		return &ConfigError{Field: "Proxy", Reason: "has a Pinger: leave it nil, the sidecar needs connections of its own"}
	case !reflect.ValueOf(&c.Proxy.Pool.Handlers).Elem().IsZero():
		return &ConfigError{Field: "Proxy", Reason: "has Handlers in its Pool: leave them empty, what servers ask goes to the agents"}
	case c.AdmitLogs && c.Admit == nil:
		return &ConfigError{Field: "AdmitLogs", Reason: "is true and Admit is nil: nobody would log what is refused; give an Admit that does, or leave it false"}
	}
	if c.Advertise != "" {
		if _, _, err := net.SplitHostPort(c.Advertise); err != nil {
			return &ConfigError{Field: "Advertise", Reason: fmt.Sprintf("is %q: give host:port", c.Advertise), Err: err}
		}
	}
	if c.Proxy.Pool.MaxReverseBytes == 0 {
		c.Proxy.Pool.MaxReverseBytes = 256 << 20 // streams of agents that do not read count too
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = 10 * time.Second
	}
	if c.MaxConns == 0 {
		c.MaxConns = 512
	}
	if c.Admit == nil {
		c.Admit = loopbackOnly
	}
	return nil
}

// errNotLoopback is why a peer is refused where Config.Admit is nil.
var errNotLoopback = errors.New("peer is not of this machine: set Config.Admit to admit others")

// loopbackOnly admits peers of this machine.
func loopbackOnly(conn net.Conn) error {
	switch addr := conn.RemoteAddr().(type) {
	case *net.UnixAddr:
		return nil
	case *net.TCPAddr:
		if addr.IP.IsLoopback() {
			return nil
		}
	}
	return errNotLoopback
}
