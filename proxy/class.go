package proxy

// Class says what happens if a call is executed twice.
type Class uint8

// The zero value is the careful one.
const (
	AtMostOnce Class = iota // never sent again once a server may have acted on it
	Idempotent              // twice is as good as once
	Read                    // changes nothing
)

func (c Class) String() string {
	switch c {
	case Read:
		return "read"
	case Idempotent:
		return "idempotent"
	default:
		return "at most once"
	}
}

// repeatable says whether a call that may have been executed may be sent again.
func (c Class) repeatable() bool { return c != AtMostOnce }

// reader is implemented by arguments that know whether their request only reads.
type reader interface{ IsRead() bool }

// classes are the methods of a client agent that are known to bear repetition.
// Any other is AtMostOnce unless its arguments or the caller say otherwise.
var classes = map[string]Class{
	"Status.Ping":      Read,
	"Status.Leader":    Read,
	"Status.Peers":     Read,
	"Status.Members":   Read,
	"Status.RaftStats": Read,

	"Node.GetClientAllocs": Read,
	"Node.GetNode":         Read,
	"Node.GetAllocs":       Read,
	"Node.List":            Read,
	"Alloc.GetAlloc":       Read,
	"Alloc.GetAllocs":      Read,
	"Alloc.List":           Read,
	"Job.GetJob":           Read,
	"Job.List":             Read,

	// Writes that set a state: the second one finds it set.
	"Node.Register":     Idempotent,
	"Node.UpdateStatus": Idempotent,
	"Node.UpdateAlloc":  Idempotent,
}

// classify is the class of a call; WithClass overrides it.
func classify(method string, args any) Class {
	if c, known := classes[method]; known {
		return c
	}
	if r, ok := args.(reader); ok && r.IsRead() {
		return Read
	}
	return AtMostOnce
}
