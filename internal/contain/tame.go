package contain

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// maxErrorText bounds the text of an error of others, in bytes.
const maxErrorText = 4 << 10

// patience is how long a method of an error may take.
const patience = 5 * time.Second

// Tame returns err if all its methods, and those of what it wraps, are known to do no harm.
// Otherwise it returns a *Foreign, and p if a method has panicked. It is for errors that come
// from code of others, and must be called where they come from, not by an owner.
func Tame(err error) (tame error, p *Panic) {
	if err == nil {
		return nil, nil
	}
	harmless := true
	whole := Walk(err, func(e error) bool {
		harmless = own(e)
		return !harmless // what a method of others unwraps is not looked at here
	})
	if harmless && whole {
		return err, nil
	}
	f := &Foreign{err: err}
	seen, ok := f.ask(func() (any, bool) { return examine(err), true })
	if !ok {
		f.text = fmt.Sprintf("an error of type %T, whose methods do not return", err)
		return f, &Panic{Text: f.text}
	}
	e := seen.(examined)
	f.text = printable.Line(e.text, maxErrorText)
	f.mute.Store(e.circular || e.panicked != nil)
	return f, e.panicked
}

// examined is what an error's methods did.
type examined struct {
	text     string
	circular bool
	panicked *Panic
}

func examine(err error) (e examined) {
	whole := false
	e.panicked = Call(func() { whole = Walk(err, func(error) bool { return false }) })
	if e.circular = !whole && e.panicked == nil; e.circular {
		// Its text is likely to be made of that of what it wraps, without an end.
		e.text = fmt.Sprintf("an error of type %T that wraps itself", err)
		return e
	}
	if p := Call(func() { e.text = err.Error() }); p != nil {
		e.panicked = p
		e.text = fmt.Sprintf("an error of type %T, whose Error panics: %s", err, p.Text)
	}
	return e
}

// Foreign is an error of others whose text is a value, and whose other methods are asked in
// a goroutine of their own and for seconds at most. One that has panicked, or not answered,
// is not asked again: errors.Is and errors.As find nothing in it then.
type Foreign struct {
	text string
	err  error
	mute atomic.Bool
}

func (f *Foreign) Error() string { return f.text }

// Is reports whether the error, or one that it wraps, is target.
func (f *Foreign) Is(target error) bool {
	if target == nil {
		return false
	}
	_, is := f.ask(func() (any, bool) {
		found := false
		Walk(f.err, func(e error) bool {
			if reflect.TypeOf(target).Comparable() && e == target { //nolint:errorlint // a link of the chain
				found = true
			} else if a, ok := e.(interface{ Is(error) bool }); ok {
				found = a.Is(target)
			}
			return found
		})
		return nil, found
	})
	return is
}

// As sets target, a pointer, to the error or one that it wraps, if one is of that type.
func (f *Foreign) As(target any) bool {
	to := reflect.ValueOf(target).Elem()
	t := to.Type()
	found, ok := f.ask(func() (any, bool) {
		value := reflect.New(t)
		found := false
		Walk(f.err, func(e error) bool {
			if reflect.TypeOf(e).AssignableTo(t) {
				value.Elem().Set(reflect.ValueOf(e))
				found = true
			} else if a, ok := e.(interface{ As(any) bool }); ok {
				found = a.As(value.Interface())
			}
			return found
		})
		return value, found
	})
	if ok {
		to.Set(found.(reflect.Value).Elem())
	}
	return ok
}

// ask calls f in a goroutine of its own and waits for it.
func (f *Foreign) ask(about func() (any, bool)) (answer any, ok bool) {
	if f.mute.Load() {
		return nil, false
	}
	type result struct {
		answer any
		ok     bool
	}
	answered := make(chan result, 1)
	go func() {
		var r result
		returned := false
		defer func() {
			if recover(); !returned {
				f.mute.Store(true)
			}
			answered <- r
		}()
		a, is := about()
		r, returned = result{a, is}, true
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r := <-answered:
		return r.answer, r.ok
	case <-late.C:
		f.mute.Store(true)
		return nil, false
	}
}
