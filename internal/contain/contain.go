package contain

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// maxText bounds what is kept of a panic's value, in bytes.
const maxText = 512

// Panic is what code of others panicked with. It is an error.
type Panic struct {
	Text  string // the value, printable
	Stack []byte // where, as Stack writes it; empty: it is not known
	err   error  // the value, if it was an error, tame
}

func (p *Panic) Error() string { return "panic: " + printable.Line(p.Text, maxText) }

// Unwrap gives the value, if it was an error.
func (p *Panic) Unwrap() error { return p.err }

// Recovered is the Panic of a value that recover has returned. It must be called by the
// deferred function, whose stack has the panic's.
func Recovered(v any) *Panic {
	p := &Panic{Text: ValueText(v), Stack: Stack()}
	if err, ok := v.(error); ok && harmless(err) {
		p.err = err
	} else if ok {
		p.err = &Foreign{text: p.Text, err: err}
	}
	return p
}

// Exited is the Panic of code that did not panic, but ended its goroutine (runtime.Goexit). As
// Recovered it must be called by the deferred function.
func Exited() *Panic { return &Panic{Text: errGoexit, Stack: Stack()} }

// errGoexit is its text.
const errGoexit = "runtime.Goexit was called"

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

// Apart is Call in a goroutine of its own, for which it waits, so that runtime.Goexit
// (testing.T.FailNow) is contained too.
func Apart(f func()) *Panic {
	result := make(chan *Panic, 1)
	go func() {
		var p *Panic
		returned := false
		defer func() {
			if !returned {
				p = Exited()
			}
			result <- p
		}()
		p = Call(f)
		returned = true
	}()
	return <-result
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

// ValueText is the printable text of what was passed to panic, whose own methods may
// panic, without credentials. What has no words of its own is named by its type: in its
// fields there may be secrets.
func ValueText(v any) string {
	var words func() string
	switch v := v.(type) {
	case error:
		words = v.Error
	case fmt.Stringer:
		words = v.String
	case nil, string, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr, float32, float64, complex64, complex128:
		return printable.WithoutCredentials(printable.Line(fmt.Sprint(v), maxText))
	}
	text := fmt.Sprintf("a value of type %T", v)
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		text = r.String()
	}
	if words != nil {
		if said, ok := bounded(words); ok {
			text = said
		}
	}
	return printable.WithoutCredentials(printable.Line(text, maxText))
}
