package main

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func main() { worker.Client(open) }

func open(_ context.Context, s worker.Setup) (*worker.Opened, error) {
	p, err := proxy.Start(proxy.Config{Servers: []string{s.Addr}})
	if err != nil {
		return nil, err
	}
	return &worker.Opened{
		Call: func(ctx context.Context, _ int, method string, args, reply any) error {
			return p.Call(ctx, method, args, reply)
		},
		Close: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			return p.Stop(ctx)
		},
	}, nil
}
