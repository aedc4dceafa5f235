package proxy

import (
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

var (
	// ErrNoServers means that no server is known.
	ErrNoServers = errors.New("no servers are known")

	// ErrStopped means that the Proxy was stopped.
	ErrStopped = actor.ErrStopped

	// ErrNoCaller means that Config.Pinger is no Caller, or for Stream no Streamer.
	ErrNoCaller = errors.New("the Pinger given carries no calls: implement Caller, or leave Pinger nil")

	// ErrForeignPool means that the Proxy has no pool of its own, and so no credentials:
	// the connections belong to Config.Pinger.
	ErrForeignPool = errors.New("the connections belong to Config.Pinger: ask it")

	// ErrRetriesSpent is joined to the last failure when a call could have been sent
	// again and there was no time left for it.
	ErrRetriesSpent = errors.New("no time left for another attempt")

	// ErrBreaksServers is joined to the last failure when the connections to two servers
	// broke under a call after it was sent there, as they do when a request crashes its
	// server. The call is sent to no third server. The same two may get it again, until four
	// connections in all have broken, or the time for the call is over. A blocking query that was
	// blocked for more than 5 s begins to count anew.
	ErrBreaksServers = errors.New("servers ended the connection when they had the call: no other server is given it")
)

// CallError is the error of every failed call: its method, server, phase, outcome, attempts
// and cause.
type CallError = pool.CallError

// ConfigError names a field of a Config and what is wrong with it.
type ConfigError struct {
	Field  string
	Reason string // quotes the value
	Err    error  // the cause; may be nil
}

func (e *ConfigError) Error() string {
	reason := printable.Text(e.Reason)
	if list, ok := e.Err.(*messages.AddrsError); ok && e.Reason == list.Error() { //nolint:errorlint // the reason itself
		reason = e.Reason // lines of its own
	}
	return fmt.Sprintf("proxy: Config.%s %s", printable.Name(e.Field), reason)
}

func (e *ConfigError) Unwrap() error { return e.Err }

// MessageError reports that Send was given a value that is no message.
type MessageError struct {
	Type string // of the value, as %T prints it
}

func (e *MessageError) Error() string {
	return "proxy: " + printable.Name(e.Type) + " is no message to the proxy: give a value of package messages, such as messages.FailureNotice{...}"
}
