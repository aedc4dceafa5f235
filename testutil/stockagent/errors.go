package stockagent

import (
	"errors"
	"fmt"
)

// ErrStopped is the answer of an agent that was stopped.
var ErrStopped = errors.New("stockagent: stopped")

// The ends that faults make of calls.
var (
	ErrEndedAmid = errors.New("stockagent: the agent has ended the connection amid the call, as it was told")
	ErrReset     = errors.New("stockagent: the agent has reset the stream of the call, as it was told")
)

// DialError is the failure to connect to a server, or of its TLS handshake. Nothing was
// sent.
type DialError struct {
	Server string // as in the list
	Err    error
}

func (e *DialError) Error() string {
	return fmt.Sprintf("stockagent: cannot dial %q: %v", e.Server, e.Err)
}

func (e *DialError) Unwrap() error { return e.Err }
