package contain

import (
	"context"
	"reflect"
	"time"
)

// Reporter takes the panics that were contained.
type Reporter interface {
	Panicked(place string, p *Panic)
}

// inContext is where a context of others is called.
const inContext = "a context's methods"

// Context is ctx if its methods are those of the standard library; else a context around it
// that has ended, with the *Panic as its Err, once one of them has panicked. What is derived
// from a context calls it in goroutines of its own, where a panic would end the process. A
// context that has ended always has an Err. report may be nil. nil stays nil.
func Context(ctx context.Context, report Reporter) context.Context {
	if ctx == nil || known(ctx) {
		return ctx
	}
	g := &guarded{Context: ctx, report: report}
	g.ended = g.call(func() { g.done = ctx.Done() })
	if p := g.call(func() { g.deadline, g.limited = ctx.Deadline() }); g.ended == nil {
		g.ended = p
	}
	if g.ended != nil {
		g.done = closed
	}
	return g
}

// Cause is context.Cause, tame: whoever cancels a context may give any error.
func Cause(ctx context.Context) error {
	_, err := Tame(context.Cause(ctx))
	return err
}

// closed is the Done of a context that has panicked.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// known reports whether Done and Err of ctx are the standard library's. A context that can be
// cancelled asks the one that it was derived from only for values, and for a deadline: both
// in the goroutine of who asks it.
func known(ctx context.Context) bool {
	t := reflect.TypeOf(ctx)
	for v := reflect.ValueOf(ctx); t == valueType; t = v.Type() {
		if v = v.Elem().Field(0).Elem(); !v.IsValid() { // the one that it was derived from
			return false
		}
	}
	switch t {
	case cancelType, timerType, guardedType:
		return true
	}
	return t.Kind() == reflect.Struct && t.PkgPath() == valueType.Elem().PkgPath() // it never ends
}

// Types of contexts.
var (
	guardedType = reflect.TypeFor[*guarded]()
	valueType   = reflect.TypeOf(context.WithValue(context.Background(), closed, 1))
	cancelType  = typeOf(context.WithCancel(context.Background()))
	timerType   = typeOf(context.WithTimeout(context.Background(), 0))
)

func typeOf(ctx context.Context, end context.CancelFunc) reflect.Type {
	end()
	return reflect.TypeOf(ctx)
}

// guarded is a context of others whose methods may panic. Done and Deadline are asked once.
type guarded struct {
	context.Context
	report   Reporter
	done     <-chan struct{}
	deadline time.Time
	limited  bool
	ended    *Panic // of Done or Deadline
}

func (g *guarded) Deadline() (time.Time, bool) { return g.deadline, g.limited }

func (g *guarded) Done() <-chan struct{} { return g.done }

// Err is tame.
func (g *guarded) Err() (err error) {
	if g.ended != nil {
		return g.ended
	}
	p := g.call(func() { err = g.Context.Err() })
	switch {
	case p != nil:
		return p
	case err != nil:
		p, err = Tame(err)
		g.tell(p)
		return err
	}
	select {
	case <-g.done:
		return context.Canceled // it does not say so itself
	default:
		return nil
	}
}

func (g *guarded) Value(key any) (value any) {
	_ = g.call(func() { value = g.Context.Value(key) })
	return value
}

// call calls a method.
func (g *guarded) call(f func()) *Panic {
	p := Call(f)
	g.tell(p)
	return p
}

func (g *guarded) tell(p *Panic) {
	if g.report != nil && p != nil {
		g.report.Panicked(inContext, p)
	}
}
