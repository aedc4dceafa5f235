package actor

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"
	"unicode/utf8"
)

// errGoexit is the Value of a PanicError whose Behavior did not panic but ended
// the actor's goroutine, as testing.T.FailNow does.
var errGoexit = errors.New("runtime.Goexit was called")

// PanicError is why an actor ended whose Behavior panicked, or a goroutine that it
// started. If Behavior.Stop panics as well, the first panic stays the cause.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // where, as debug.Stack writes it
	text  string // of Value
}

// Error is the text of Value as it was at the panic, printable and cut to 512 bytes; of a
// value whose own methods panic it is the type.
func (e *PanicError) Error() string {
	if e.text == "" { // not made here
		return "actor: panic: " + valueText(e.Value)
	}
	return "actor: panic: " + e.text
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
			*cause = &PanicError{Value: v, Stack: debug.Stack(), text: valueText(v)}
		}
	}()
	f()
	returned = true
}

// maxText bounds the text of a panic's value, in bytes.
const maxText = 512

// patience is how long a panic's value may take to give its text.
const patience = time.Second

// valueText is the printable text of a panic's value. Methods of the value are called in a
// goroutine of their own: they may panic, end it, or not return.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return printable(v)
	case nil:
		return "<nil>"
	}
	text := make(chan string, 1)
	go func() {
		said := fmt.Sprintf("a value of type %T, whose text cannot be had", v)
		defer func() { _ = recover(); text <- said }()
		said = fmt.Sprint(v)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case s := <-text:
		return printable(s)
	case <-late.C:
		return fmt.Sprintf("a value of type %T, whose text does not come", v)
	}
}

// printable is the beginning of s with everything escaped that is not printed as it is.
func printable(s string) string {
	var b []byte
	for rest := s; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		if len(b) >= maxText {
			return fmt.Sprintf("%s... (%d bytes)", b, len(s))
		}
		if strconv.IsPrint(r) && r != utf8.RuneError {
			b = append(b, rest[:n]...)
		} else {
			quoted := strconv.QuoteToASCII(rest[:n])
			b = append(b, quoted[1:len(quoted)-1]...)
		}
		rest = rest[n:]
	}
	return string(b)
}
