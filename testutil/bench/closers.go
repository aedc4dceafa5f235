package bench

import (
	"context"
	"errors"
	"time"
)

// patience is how long something may take to begin or to end.
const patience = 10 * time.Second

// opening collects what was opened, to close it in the reverse order.
type opening struct{ closes []func() error }

func (o *opening) add(closing func() error) { o.closes = append(o.closes, closing) }

func (o *opening) close() error {
	var errs []error
	for i := len(o.closes) - 1; i >= 0; i-- {
		errs = append(errs, o.closes[i]())
	}
	return errors.Join(errs...)
}

// within is a Stop that has some time.
func within(stop func(context.Context) error) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return stop(ctx)
	}
}

// untilEnd is a closing that also comes when ctx ends, for what blocks without a
// context. It must bear to be called twice.
func untilEnd(ctx context.Context, closing func() error) func() error {
	early := context.AfterFunc(ctx, func() { _ = closing() }) // the error of the second time is told
	return func() error {
		early()
		return closing()
	}
}
