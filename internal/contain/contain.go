package contain

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// maxText bounds what is kept of a panic's value, in bytes.
const maxText = 512

// Panic is what code of others panicked with. It is an error.
type Panic struct {
	Text  string // the value, printable
	Stack []byte // where, as debug.Stack writes it
	err   error  // the value, if it was an error, tame
}

func (p *Panic) Error() string { return "panic: " + p.Text }

// Unwrap gives the value, if it was an error.
func (p *Panic) Unwrap() error { return p.err }

// Recovered is the Panic of a value that recover has returned. It must be called by the
// deferred function, whose stack has the panic's.
func Recovered(v any) *Panic {
	p := &Panic{Text: valueText(v), Stack: debug.Stack()}
	if err, ok := v.(error); ok && harmless(err) {
		p.err = err
	} else if ok {
		p.err = &Foreign{text: p.Text, err: err}
	}
	return p
}

// Call calls f in the goroutine of the caller, and returns what it panicked with; nil if
// it returned. runtime.Goexit in f ends that goroutine: see [Apart].
func Call(f func()) (p *Panic) {
	defer func() {
		if v := recover(); v != nil {
			p = Recovered(v)
		}
	}()
	f()
	return nil
}

// errGoexit is the text of a Panic whose code did not panic, but ended its goroutine.
const errGoexit = "runtime.Goexit was called"

// Apart is Call in a goroutine of its own, for which it waits, so that runtime.Goexit
// (testing.T.FailNow) is contained too.
func Apart(f func()) *Panic {
	result := make(chan *Panic, 1)
	go func() {
		p := &Panic{Text: errGoexit}
		defer func() { result <- p }()
		p = Call(f)
	}()
	return <-result
}

// ErrorText is the printable text of an error, cut to limit bytes; of nil it is "". An
// error whose Error panics, as that of a nil pointer in an error interface does, is named
// by its type.
func ErrorText(err error, limit int) (text string) {
	if err == nil {
		return ""
	}
	if p := Call(func() { text = printable.Line(err.Error(), limit) }); p != nil {
		return printable.Line(fmt.Sprintf("an error of type %T, whose Error panics: %s", err, p.Text), limit)
	}
	return text
}

// Is is errors.Is; false if a method of err panics.
func Is(err, target error) (is bool) {
	_ = Call(func() { is = errors.Is(err, target) })
	return is
}

// IsNil reports whether v is nil, or an interface around a nil pointer, map, slice, func
// or channel.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}

// valueText is the printable text of what was passed to panic, whose own methods may panic.
func valueText(v any) string {
	text, is := v.(string)
	if !is {
		var ok bool
		if text, ok = bounded(func() string { return fmt.Sprint(v) }); !ok {
			text = fmt.Sprintf("a value of type %T, whose text cannot be had", v)
		}
	}
	return printable.Line(text, maxText)
}
