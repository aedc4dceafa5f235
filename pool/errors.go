package pool

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// ErrStopped is the cause of every call on a pool that has been stopped.
var ErrStopped = actor.ErrStopped

// ErrStreamEnded says that the server ended the stream of a call without an
// answer, while its session lives on.
var ErrStreamEnded = errors.New("stream ended without an answer")

// Why sessions end, or calls leave them.
var (
	// ErrIdle is why a session ended that was not used.
	ErrIdle = core.ErrIdle

	// ErrLeaving says that the server announced its departure: it takes no new
	// stream on this session.
	ErrLeaving = core.ErrLeaving

	// ErrSilent is why a session ended on which calls waited and nothing came in,
	// not even the answer to a ping.
	ErrSilent = core.ErrSilent

	// ErrNotServing is why calls left a session whose server leaves calls unanswered:
	// those that wait, and a Status.Ping beside them, while another server answered one,
	// or the same server did on a new connection. Bytes came in all the while, so the
	// session did not end: a call that must not be made twice waits on it to its own end.
	ErrNotServing = core.ErrNotServing

	// ErrNoStream says that the server acknowledges no new stream, although it is there.
	ErrNoStream = core.ErrNoStream

	// ErrRenewed is why a session ended in whose place another was made: with other
	// credentials, or because its address leads to a better server (Renew).
	ErrRenewed = core.ErrRenewed

	// ErrNotRenewed says that Renew made no session: there is none to replace, or one is
	// being replaced already.
	ErrNotRenewed = core.ErrNotRenewed

	// ErrDrained is why a session ended, with the calls on it, that was made on the trust
	// of credentials which have been withdrawn: Config.DrainTimeout ago.
	ErrDrained = core.ErrDrained

	// ErrTooManySessions is why a session ended, with the calls on it, that had left use:
	// there were too many of these.
	ErrTooManySessions = core.ErrTooManySessions

	// ErrMoved is why a call ended that is to be made again elsewhere: Request.Moved was
	// closed, or its session takes no new calls, and then the reason is beside it.
	ErrMoved = errors.New("call is to be made on another session")
)

// errShortLived says that no session lived long enough to take the call.
var errShortLived = errors.New("sessions end as soon as they begin")

// SizeError says that a reply is larger than Config.MaxReplyBytes, or has more
// elements than that is worth.
type SizeError = wire.SizeError

// ProtocolError says that a peer sent bytes which the protocol does not allow, or
// that it ended the session because it says so of this side. It is most often
// something else than a Nomad server.
type ProtocolError struct {
	Layer  string // "yamux" or "rpc"
	Reason string // quotes what was received, or says what was wrong with it
	Err    error  // nil, or the own error of who noticed: the decoder, yamux
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("%s protocol violated (is this a Nomad RPC port?): %s", e.Layer, e.Reason)
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// EncodeError says that the arguments of a call cannot be written as msgpack, or that
// what Config.Codec or a Raw made of them is not one value.
type EncodeError struct {
	Args string // their Go type
	Err  error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("arguments of type %s cannot be encoded: %v", e.Args, e.Err)
}

func (e *EncodeError) Unwrap() error { return e.Err }

// DecodeError says that the server answered and the answer does not fit into the
// caller's reply.
type DecodeError struct {
	Reply string // its Go type
	Err   error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("the answer does not fit into %s: %v", e.Reply, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// CallError is every failed call: what was called, where, how far it came, and
// what that means for the caller. Err is the cause.
type CallError struct {
	Method   string
	Server   string // address; empty if no server was tried
	Phase    Phase
	Outcome  Outcome
	Attempts int // so far, this one included; of a blocking query, since it was last held for long; 0 counts as 1
	Err      error
}

// Error is method, server, phase, cause and outcome, each once.
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString(e.Method)
	if e.Server != "" {
		b.WriteString(" on " + e.Server)
	}
	fmt.Fprintf(&b, ": %s: %s (%s", e.Phase, e.Cause(), e.Outcome)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", e.Attempts)
	}
	b.WriteString(")")
	return b.String()
}

// Cause is the text of Err without the server and the phase, for who says these
// beside it.
func (e *CallError) Cause() string {
	return said{server: e.Server, phase: e.Phase.String()}.text(e.Err)
}

func (e *CallError) Unwrap() error { return e.Err }
