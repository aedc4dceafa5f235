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
func Tame(err error) (p *Panic, tame error) {
	if err == nil {
		return nil, nil
	}
	if harmless(err) {
		return nil, err
	}
	f := &Foreign{err: err}
	e, ok := bounded(func() examined { return examine(err) })
	if !ok {
		f.mute.Store(true)
		f.text = fmt.Sprintf("an error of type %T, whose methods do not return", err)
		return &Panic{Text: f.text}, f
	}
	f.text = printable.Line(e.text, maxErrorText)
	f.mute.Store(e.circular || e.panicked != nil)
	return e.panicked, f
}

// harmless reports whether err consists of errors whose methods are known, and whose texts
// are there: those of a *net.OpError or *fs.PathError without a cause, and of others of the
// standard library that were not filled in, panic.
func harmless(err error) bool {
	known := true
	whole := Walk(err, func(e error) bool {
		known = own(e)
		return !known // what a method of others unwraps is not looked at here
	})
	if known && whole {
		Walk(err, func(e error) bool {
			known = Call(func() { _ = e.Error() }) == nil
			return !known
		})
	}
	return known && whole
}

// bounded calls f in a goroutine of its own, and reports whether it returned in time.
func bounded[T any](f func() T) (T, bool) {
	type result struct {
		value    T
		returned bool
	}
	ended := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			_ = recover()
			ended <- r
		}()
		value := f()
		r = result{value, true}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r := <-ended:
		return r.value, r.returned
	case <-late.C:
		var none T
		return none, false
	}
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
	if target == nil || f.mute.Load() {
		return false
	}
	comparable := reflect.TypeOf(target).Comparable()
	is, ok := bounded(func() (is bool) {
		Walk(f.err, func(e error) bool {
			if comparable && e == target {
				is = true
			} else if a, asks := e.(interface{ Is(error) bool }); asks {
				is = a.Is(target)
			}
			return is
		})
		return is
	})
	f.heed(ok)
	return is
}

// As sets target, a pointer, to the error or one that it wraps, if one is of that type.
func (f *Foreign) As(target any) bool {
	if f.mute.Load() {
		return false
	}
	to := reflect.ValueOf(target).Elem()
	found, ok := bounded(func() (found reflect.Value) {
		value := reflect.New(to.Type())
		Walk(f.err, func(e error) bool {
			if reflect.TypeOf(e).AssignableTo(to.Type()) {
				value.Elem().Set(reflect.ValueOf(e))
				found = value
			} else if a, asks := e.(interface{ As(any) bool }); asks && a.As(value.Interface()) {
				found = value
			}
			return found.IsValid()
		})
		return found
	})
	if f.heed(ok); ok && found.IsValid() {
		to.Set(found.Elem())
		return true
	}
	return false
}

// heed asks the error no more after a method has panicked or not returned.
func (f *Foreign) heed(returned bool) {
	if !returned {
		f.mute.Store(true)
	}
}
