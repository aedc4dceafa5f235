package main

import (
	"context"

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
	return &worker.Opened{
		Call:  func(_ context.Context, caller int, _ string, _, _ any) error { return c.Call(caller) },
		Check: func(any) error { return nil },
		Close: c.Close,
	}, nil
}
