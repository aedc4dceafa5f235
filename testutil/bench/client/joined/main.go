package main

import (
	"context"
	"errors"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func main() { worker.Client(open) }

func open(ctx context.Context, s worker.Setup) (*worker.Opened, error) {
	conn, err := plainclient.Connect(ctx, s.Addr, nil)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{plainclient.ModeYamux}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	j := newJoiner(conn)
	session, err := plainclient.Start(j, plainclient.Config{Handle: body.Handle(), Idle: s.Callers})
	if err != nil {
		return nil, err
	}
	return &worker.Opened{
		Call: func(_ context.Context, _ int, method string, args, reply any) error {
			j.calls.Add(1)
			defer j.calls.Add(-1)
			return session.Call(method, args, reply)
		},
		Close: session.Close,
	}, nil
}
