package session

import (
	"errors"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// Phase is how far an attempt to carry a call came.
type Phase uint8

// The phases, in order.
const (
	PhaseFind      = iota // no server was chosen yet
	PhaseDial             // connecting
	PhaseHandshake        // connected; the peer has not proved to be a server
	PhaseOpen             // waiting for a stream; nothing of the call was sent
	PhaseWrite            // the request was being handed to the transport
	PhaseFlushed          // the transport has the whole request; no byte of a reply
	PhaseRead             // a part of the reply was read
	PhaseDecode           // the reply was read whole
	PhaseRemote           // the server answered with an error
)

// Why a call or a stream ends although its session and its context live. The pool gives
// them out under the same names and documents them there.
var (
	ErrAttemptTimeout = errors.New("the server did not answer within its share of the call's time")
	ErrHalfClosed     = errors.New("stream was cut: 5 min after CloseWrite the transport gives it up")
	ErrLeaving        = poolcore.ErrLeaving
	ErrMoved          = errors.New("call is to be made on another session")
	ErrNoStream       = poolcore.ErrNoStream
	ErrOverrun        = mux.ErrOverrun
	ErrStalled        = errors.New("stream was cut: the transport took nothing for too long, and what was written last may still arrive")
	ErrStreamEnded    = errors.New("stream ended without an answer")
)

// Counters count what the sessions of a pool do.
type Counters struct {
	Pings    atomic.Uint64 // to servers that were silent
	Streams  atomic.Uint64 // opened
	Accepted atomic.Uint64 // opened by servers
	Refused  atomic.Uint64 // of these, the ones that were too many

	BytesIn, BytesOut atomic.Uint64 // on the transport

	ReverseCalls   atomic.Uint64 // of servers, also of unknown methods
	ReverseStreams atomic.Uint64
	RefusedBytes   atomic.Uint64 // requests and answers that were refused for want of MaxReverseBytes
	RefusedReplies atomic.Uint64 // replies that were given up for want of MaxPendingReplyBytes
	Overrun        atomic.Uint64 // streams of servers that were cut because too much was not read
}
