package actor

import (
	"errors"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// errGoexit is the Value of a PanicError whose Behavior did not panic but ended
// the actor's goroutine, as testing.T.FailNow does.
var errGoexit = errors.New("runtime.Goexit was called")

// PanicError is why an actor ended whose Behavior panicked, or a goroutine that it
// started. If Behavior.Stop panics as well, the first panic stays the cause.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // where, as debug.Stack writes it, up to 8 KiB
	text  string // of Value
}

// Error is the text of Value as it was at the panic, printable and cut to 512 bytes; of a
// value whose own methods panic it is the type.
func (e *PanicError) Error() string {
	if e.text == "" { // not made here
		return "actor: panic: " + contain.ValueText(e.Value)
	}
	return "actor: panic: " + printable.Text(e.text)
}

// Unwrap gives the panic's value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// guard runs f. If f does not return, cause becomes the *PanicError that tells
// why, unless it is one already: the first counts. A panic ends here;
// runtime.Goexit cannot be recovered from and goes on.
func guard(cause *error, f func()) {
	returned := false
	defer func() {
		v := recover()
		if v == nil && !returned {
			v = errGoexit
		}
		if v != nil && *cause == ErrStopped { //nolint:errorlint // a PanicError may wrap it
			*cause = &PanicError{Value: v, Stack: contain.Stack(), text: contain.ValueText(v)}
		}
	}()
	f()
	returned = true
}
