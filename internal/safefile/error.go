package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// maxPath bounds what an error quotes of a path, in bytes.
const maxPath = 512

// Error reports that a file was not read, or not replaced.
type Error struct {
	Op     string // "read" or "replaced"
	Path   string // as it was given
	Reason string // what is wrong, printable
	Advice string // what to do; may be empty
	Err    error  // the cause; may be nil
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s cannot be %s: %s", printable.Quote(e.Path, maxPath), printable.Text(e.Op), e.Why())
}

// Why is the reason and the advice, for texts that name the file themselves.
func (e *Error) Why() string {
	if e.Advice == "" {
		return printable.Text(e.Reason)
	}
	return printable.Text(e.Reason) + ": " + printable.Text(e.Advice)
}

func (e *Error) Unwrap() error { return e.Err }

// Why is the text of an error of this package without the path; of another error it is
// the whole text, printable.
func Why(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Why()
	}
	return printable.Line(err.Error(), maxPath)
}

// ErrTooLarge is in the error for a file that is larger than the limit.
var ErrTooLarge = errors.New("the file is too large")

// refusal is why a file is not read or replaced, before its path is known.
type refusal struct {
	reason, advice string
	cause          error // of the Error; may be nil
}

func (r refusal) Error() string { return printable.Text(r.reason) }

func (r refusal) Unwrap() error { return r.cause }

// at makes err an *Error. The text of an error of package os has the path in it as it is,
// so only its cause is taken over into the text.
func at(op, path string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, Path: path, Err: err}
	if r, ok := errors.AsType[refusal](err); ok {
		e.Reason, e.Advice, e.Err = r.reason, r.advice, r.cause
		return e
	}
	cause := err
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		cause = p.Err
	} else if l, ok := errors.AsType[*os.LinkError](err); ok {
		cause = l.Err
	}
	e.Reason = printable.Line(cause.Error(), maxPath)
	if errors.Is(err, fs.ErrPermission) && user() >= 0 {
		e.Advice = fmt.Sprintf("this process runs as user %d", user())
	}
	return e
}
