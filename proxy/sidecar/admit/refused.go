package admit

import (
	"fmt"
	"strconv"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// RefusedError reports a connection that is not served.
type RefusedError struct {
	Peer   string // address of whoever connected
	UID    int64  // of the socket's owner; -1: not known
	User   string // the owner's name; empty: not known
	Reason string // what is wrong
	Advice string // what to do; may be empty
	Err    error  // the cause; may be nil
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("admit: %s is refused: %s", printable.Name(e.Peer), e.reason())
	if e.Err != nil {
		text += ": " + contain.Text(e.Err)
	}
	if e.Advice != "" {
		text += ": " + printable.Text(e.Advice)
	}
	return text
}

// reason is what is wrong, with the owner where one is known.
func (e *RefusedError) reason() string {
	switch {
	case e.UID < 0:
		return printable.Text(e.Reason)
	case e.User == "":
		return fmt.Sprintf("uid %d %s", e.UID, printable.Text(e.Reason))
	}
	return fmt.Sprintf("uid %d (%s) %s", e.UID, printable.Quote(e.User, printable.MaxName), printable.Text(e.Reason))
}

func (e *RefusedError) Unwrap() error { return e.Err }

// Key is the same for refusals of one user, and else for those of one reason, so that a log
// has one line of each. There are no more of them than users and a few.
func (e *RefusedError) Key() string {
	if e.UID >= 0 {
		return strconv.FormatInt(e.UID, 10)
	}
	return e.Reason
}
