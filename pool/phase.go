package pool

// Phase is how far an attempt to carry a call came.
type Phase uint8

// The phases, in order.
const (
	PhaseFind      Phase = iota // no server was chosen yet
	PhaseDial                   // connecting
	PhaseHandshake              // connected; the peer has not proved to be a server
	PhaseOpen                   // waiting for a stream; nothing of the call was sent
	PhaseWrite                  // the request was being handed to the transport
	PhaseFlushed                // the transport has the whole request; no byte of a reply
	PhaseRead                   // a part of the reply was read
	PhaseDecode                 // the reply was read whole
	PhaseRemote                 // the server answered with an error
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
