package worker_test

import (
	"context"

	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// The main function of a client. It reads its orders until they end.
func Example() {
	worker.Client(func(context.Context, worker.Setup) (*worker.Opened, error) {
		return &worker.Opened{
			Call:  func(context.Context, int, string, any, any) error { return nil },
			Check: func(any) error { return nil },
			Close: func() error { return nil },
		}, nil
	})
}
