package pemtext

import (
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Kind is the kind of a fault.
type Kind int

// The kinds.
const (
	Malformed  Kind = iota // it cannot be understood, or not without asking
	Absent                 // no PEM, or none of the kind that is asked for
	NotCA                  // certificates, and none of an authority
	Mismatched             // the key is not that of a certificate
	Weak                   // a key that is too short
)

// Error reports what is wrong with a text, and where.
type Error struct {
	Kind   Kind
	Block  int    // the number of the block, from 1; 0: it is not about one
	Line   int    // where that begins, or the line itself, from 1; 0: it is not about one
	Reason string // printable; nothing of a key is in it
	Err    error  // the cause; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Block > 0:
		fmt.Fprintf(&b, "block %d (line %d): ", e.Block, e.Line)
	case e.Line > 0:
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	b.WriteString(printable.Text(e.Reason))
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
