package pool

import "github.com/open-nomad/rpcproxy/pool/internal/session"

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

// outcomeAt is what a transport failure in phase p means.
func outcomeAt(p Phase) Outcome {
	if p <= PhaseOpen {
		return NotSent
	}
	return MaybeExecuted
}
