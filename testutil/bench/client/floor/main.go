package main

import (
	"context"
	"errors"

	"github.com/open-nomad/rpcproxy/testutil/bench/floor"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func main() { worker.Client(open) }

func open(ctx context.Context, s worker.Setup) (*worker.Opened, error) {
	args, reply, err := s.Call.Sizes()
	if err != nil {
		return nil, err
	}
	c, err := floor.Open(ctx, s.Addr, nil, s.Callers, args, reply)
	if err != nil {
		return nil, err
	}
	opened := &worker.Opened{
		Call:  func(_ context.Context, caller int, _ string, _, _ any) error { return c.Call(caller) },
		Check: func(any) error { return nil },
		Close: c.Close,
	}
	if s.Beside == nil {
		return opened, nil
	}
	if args, reply, err = s.Beside.Sizes(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	other, err := floor.Open(ctx, s.Addr, nil, 1, args, reply)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	opened.Call = func(_ context.Context, caller int, _ string, _, _ any) error {
		if caller == s.Callers {
			return other.Call(0)
		}
		return c.Call(caller)
	}
	opened.Close = func() error { return errors.Join(c.Close(), other.Close()) }
	return opened, nil
}
