package main

import (
	"context"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func main() { worker.Client(open) }

func open(ctx context.Context, s worker.Setup) (*worker.Opened, error) {
	session, err := plainclient.Dial(ctx, s.Addr, plainclient.Config{Handle: body.Handle()})
	if err != nil {
		return nil, err
	}
	return &worker.Opened{
		Call: func(_ context.Context, _ int, method string, args, reply any) error {
			return session.Call(method, args, reply)
		},
		Close: session.Close,
	}, nil
}
