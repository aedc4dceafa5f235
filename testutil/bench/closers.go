package main

import (
	"context"
	"errors"
	"time"
)

// patience is the limit of a dial, a handshake and a stop.
const patience = 10 * time.Second

// closers are functions to call in the reverse order.
type closers struct{ funcs []func() error }

func (c *closers) add(f func() error) { c.funcs = append(c.funcs, f) }

func (c *closers) close() error {
	var errs []error
	for i := len(c.funcs) - 1; i >= 0; i-- {
		errs = append(errs, c.funcs[i]())
	}
	return errors.Join(errs...)
}

// within is a stop with a time limit.
func within(stop func(context.Context) error) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return stop(ctx)
	}
}

// untilEnd calls f also when ctx ends, to wake calls that take no context. f may be
// called twice.
func untilEnd(ctx context.Context, f func() error) func() error {
	cancel := context.AfterFunc(ctx, func() { _ = f() }) // the second call returns the error
	return func() error {
		cancel()
		return f()
	}
}
