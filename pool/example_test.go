package pool_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()

	p, err := pool.New(pool.Config{DialTimeout: 10 * time.Second})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(ctx) }()

	var reply struct{ Count int }
	err = p.Call(ctx, server.Addr(), "Echo.Count", map[string]string{"ID": "first"}, &reply)
	fmt.Println(reply.Count, err)

	// An error tells how far the call came, and what that means.
	err = p.Call(ctx, server.Addr(), "No.Such", nil, nil)
	if e, ok := errors.AsType[*pool.CallError](err); ok {
		fmt.Println(e.Phase, "-", e.Outcome, "-", errors.Is(err, pool.ErrUnknownMethod))
	}
	fmt.Println("sessions:", p.Stats().Sessions)
	// Output:
	// 1 <nil>
	// remote - rejected - true
	// sessions: 1
}
