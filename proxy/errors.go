package proxy

import (
	"errors"
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

var (
	// ErrNoServers says that no server is known.
	ErrNoServers = errors.New("no servers are known")

	// ErrStopped says that the Proxy was stopped.
	ErrStopped = actor.ErrStopped

	// ErrNoCaller says that the Proxy runs over a Pinger that carries no calls.
	ErrNoCaller = errors.New("the Pinger given carries no calls: implement Caller, or leave Pinger nil")

	// ErrRetriesSpent is beside the last failure's cause when a call could have
	// been tried again and there was no time left for it.
	ErrRetriesSpent = errors.New("no time left for another attempt")

	// ErrBreaksServers is beside the last failure's cause when connections to two servers
	// broke under a call after it was sent there, as they do when a request kills
	// whoever works on it. It is sent to no third server. The two of them may have it again
	// until four connections have broken, or the time for the call is over. A blocking query
	// that was held for more than 5 s begins to count anew.
	ErrBreaksServers = errors.New("servers ended the connection when they had the call: no other server is given it")
)

// CallError is every failed call: method, server, phase, outcome, attempts and
// the cause.
type CallError = pool.CallError

// MessageError says that what was to be sent is no message.
type MessageError struct {
	Type string // what it is
}

func (e *MessageError) Error() string {
	return "proxy: " + e.Type + " is no message to the proxy: give a value of package messages, such as messages.FailureNotice{...}"
}

// joined makes one error of the bad addresses of a list.
func joined(bad []error) error {
	errs := new(messages.AddrsError)
	for _, err := range bad {
		if a, ok := errors.AsType[*messages.AddrError](err); ok {
			errs.Errs = append(errs.Errs, a)
		}
	}
	errs.Errs = slices.Clip(errs.Errs)
	return errs
}
