package pool

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// ErrStopped is the cause of every call on a pool that has been stopped.
var ErrStopped = actor.ErrStopped

// ErrStreamEnded means that the server ended the stream of a call without an
// answer, while its session lives on.
var ErrStreamEnded = session.ErrStreamEnded

// Why sessions end, or calls leave them.
var (
	// ErrIdle is why a session ended that was not used.
	ErrIdle = poolcore.ErrIdle

	// ErrLeaving means that the server announced its departure: it takes no new
	// stream on this session.
	ErrLeaving = poolcore.ErrLeaving

	// ErrSilent is why a session ended on which calls waited and nothing came in,
	// not even the answer to a ping.
	ErrSilent = poolcore.ErrSilent

	// ErrNotServing is why calls left a session whose server leaves calls unanswered:
	// those that wait, and a Status.Ping sent with them, while another server answered one,
	// or the same server did on a new connection. Bytes came in all the while, so the
	// session did not end: a call that must not be made twice waits on it to its own end.
	ErrNotServing = poolcore.ErrNotServing

	// ErrNoStream means that the server acknowledges no new stream, although it is there.
	ErrNoStream = poolcore.ErrNoStream

	// ErrRenewed is why a session ended in whose place another was made: with other
	// credentials, or because its address leads to a better server.
	ErrRenewed = poolcore.ErrRenewed

	// ErrDrained is why a session ended, with the calls on it, whose server the credentials
	// in force do not trust, and have not for Config.DrainTimeout; and why calls left it before.
	ErrDrained = poolcore.ErrDrained

	// ErrTooManySessions is why a session ended, with the calls on it, that had left use:
	// there were too many of these.
	ErrTooManySessions = poolcore.ErrTooManySessions

	// ErrMoved means that the call should be made again on another session: Request.Moved
	// was closed, or its session takes no new calls; then the reason is joined to it.
	ErrMoved = session.ErrMoved
)

// AgentPanicError is a panic in code of the agent's that was contained where it was called:
// Config.Dial, its connections, a proxy's Pinger, Discoverer or Caller. The Pool goes on. What
// ends it is an *actor.PanicError: see Pool.Err.
//
//	type AgentPanicError struct {
//		Text  string // the panic's value, printable and of a few hundred bytes at most
//		Stack []byte // where it was, as debug.Stack writes it, up to 8 KiB; or empty
//	}
type AgentPanicError = contain.Panic

// ErrHalfClosed means that reading ended because the stream was half-closed for too long:
// the peer may have had more to send.
var ErrHalfClosed = session.ErrHalfClosed

// ErrStalled means that a stream was cut because the transport took nothing of it for 10 s,
// or for Config.DialTimeout if that is longer. It is not known whether the peer will still
// get what was written last.
var ErrStalled = session.ErrStalled

// ErrOverrun means that a stream which a server had opened was cut: more came in on it than its
// handler read, and Config.MaxReverseBytes had no room for that.
var ErrOverrun = session.ErrOverrun

// errShortLived means that no session lived long enough to take the call.
var errShortLived = errors.New("sessions end as soon as they begin")

// SizeError reports that a reply is larger than Config.MaxReplyBytes, has more elements
// than that is worth, or would take more memory in the caller's type; or that a request of a
// server's is larger than what reads it allows (ReadRequest).
type SizeError struct {
	Limit     int    // bytes, or elements, allowed for header and body together
	Announced uint64 // how many it would need at least
	Elements  bool   // they are elements: of lists, and keys and values of maps
	Decoded   bool   // they are bytes of memory that the caller's value would take, estimated; nothing was decoded
	Request   bool   // it is a request of a server's
}

func (e *SizeError) Error() string { return (*wire.SizeError)(e).Error() }

// RoomError reports that a reply was given up on its way in, because all replies on their
// way in would hold more than Config.MaxPendingReplyBytes. The server is not to blame, and
// has executed the call. Its answer may come through a moment later.
type RoomError struct {
	Limit    int // bytes, for all replies together
	Received int // bytes of this one that had come
}

func (e *RoomError) Error() string {
	return fmt.Sprintf("no room for the reply, of which %d bytes had come: all that come in may hold %d bytes (Config.MaxPendingReplyBytes)", e.Received, e.Limit)
}

// ProtocolError reports that a peer sent bytes which the protocol does not allow, or
// that it ended the session because it blames this side for such bytes. It is most often not a Nomad
// server.
type ProtocolError struct {
	Layer  string // "yamux" or "rpc"
	Reason string // quotes what was received, or tells what was wrong with it
	Err    error  // nil, or the error of the decoder or of yamux
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("%s protocol violated (is this a Nomad RPC port?): %s", printable.Name(e.Layer), printable.Text(e.Reason))
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// newViolation is the error for a peer that breaks the protocol of yamux.
func newViolation(reason string, err error) error {
	return &ProtocolError{Layer: "yamux", Reason: reason, Err: err}
}

// BacklogError means that the server took no more bytes, and more than Limit bytes waited to
// be sent to it. It is the last resort: frames are kept back long before.
type BacklogError struct {
	Limit int // bytes that may wait
}

func (e *BacklogError) Error() string {
	return fmt.Sprintf("the server takes no more bytes, and over %d are kept for it", e.Limit)
}

// newBacklogError makes a *BacklogError.
func newBacklogError(limit int) error { return &BacklogError{Limit: limit} }

// EncodeError reports that the arguments of a call cannot be written as msgpack, or that
// what Config.Codec or a Raw made of them is not one value.
type EncodeError struct {
	Args string // their Go type
	Err  error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("arguments of type %s cannot be encoded: %s", printable.Name(e.Args), contain.Text(e.Err))
}

func (e *EncodeError) Unwrap() error { return e.Err }

// DecodeError reports that the server answered and the answer does not fit into the
// caller's reply.
type DecodeError struct {
	Reply string // its Go type
	Err   error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("the answer does not fit into %s: %s", printable.Name(e.Reply), contain.Text(e.Err))
}

func (e *DecodeError) Unwrap() error { return e.Err }

// CallError is the error of every failed call: the method, the server, how far the call
// came, and whether it may have been executed. Err is the cause.
type CallError struct {
	Method   string
	Server   string // address; empty if no server was tried
	Phase    Phase
	Outcome  Outcome
	Attempts int // so far, this one included; of a blocking query, since it was last blocked for long; 0 counts as 1
	Err      error
}

// Error is method, server, phase, cause and outcome, each once, on one line. As in all
// errors of this package, what came from outside is printable there, and cut.
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString(printable.Name(e.Method))
	if e.Server != "" {
		b.WriteString(" on " + printable.Name(e.Server))
	}
	fmt.Fprintf(&b, ": %s: %s (%s", e.Phase, e.Cause(), e.Outcome)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", e.Attempts)
	}
	b.WriteString(")")
	return b.String()
}

// Cause is the text of Err without the server and the phase.
func (e *CallError) Cause() string {
	return stated{server: e.Server, phase: e.Phase.String()}.text(e.Err)
}

func (e *CallError) Unwrap() error { return e.Err }

// ConfigError names a field of a Config and what is wrong with it.
type ConfigError struct {
	Field  string
	Reason string // quotes the value
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("pool: Config.%s %s", printable.Name(e.Field), printable.Text(e.Reason))
}

// HoldError reports that a server has not answered a call for as long as it may hold
// one, whether it is alive or not, or that its answer stopped on the way.
type HoldError struct {
	Limit    time.Duration // Config.HoldTimeout, or Request.Hold, and what a blocking query asked for, unless the answer had begun
	Received int64         // bytes of the answer that came; 0: it had not begun
}

func (e *HoldError) Error() string {
	if e.Received > 0 {
		return fmt.Sprintf("the answer stopped after %d bytes: nothing more, or hardly anything, came for %v", e.Received, e.Limit)
	}
	return fmt.Sprintf("the server has not answered within %v", e.Limit)
}

// garbled is an error of package wire as callers see it, or another one as it is.
func garbled(err error) error {
	if errors.Is(err, wire.ErrMalformed) {
		return &ProtocolError{Layer: "rpc", Reason: contain.ErrorText(err, mostKept), Err: err}
	}
	if size, ok := err.(*wire.SizeError); ok { //nolint:errorlint // wire returns it bare
		return (*SizeError)(size)
	}
	return err
}

// Phase is how far an attempt to carry a call came.
type Phase uint8

// The phases, in order.
const (
	PhaseFind      Phase = session.PhaseFind      // no server was chosen yet
	PhaseDial      Phase = session.PhaseDial      // connecting
	PhaseHandshake Phase = session.PhaseHandshake // connected; the peer has not proved to be a server
	PhaseOpen      Phase = session.PhaseOpen      // waiting for a stream; nothing of the call was sent
	PhaseWrite     Phase = session.PhaseWrite     // the request was being handed to the transport
	PhaseFlushed   Phase = session.PhaseFlushed   // the transport has the whole request; no byte of a reply
	PhaseRead      Phase = session.PhaseRead      // a part of the reply was read
	PhaseDecode    Phase = session.PhaseDecode    // the reply was read whole
	PhaseRemote    Phase = session.PhaseRemote    // the server answered with an error
)

var phases = [...]string{"find", "dial", "handshake", "open", "write", "wait", "read", "decode", "remote"}

func (p Phase) String() string {
	if int(p) < len(phases) {
		return phases[p]
	}
	return "unknown phase"
}

// Outcome is what a failed call may have done at the server.
type Outcome uint8

// The outcomes. The zero value is the careful one.
const (
	MaybeExecuted Outcome = iota // the server may have acted on it, in part or in full
	NotSent                      // no server has seen the request
	Rejected                     // a server refused it before anything happened
)

func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case Rejected:
		return "rejected"
	default:
		return "maybe executed"
	}
}

// outcomeAt is the outcome of a call with a transport failure in phase p.
func outcomeAt(p Phase) Outcome {
	if p <= PhaseOpen {
		return NotSent
	}
	return MaybeExecuted
}
