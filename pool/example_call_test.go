package pool_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A pool calls the server it is told, once. Its error says how far the call came, and what it may have done.
func ExamplePool_Call() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	p, err := pool.New(pool.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(ctx) }()

	var peers []string
	err = p.Call(ctx, server.Addr(), "Status.Peers", struct{}{}, &peers)
	fmt.Println(len(peers), err)

	server.Inject(testutil.DropAfterRead())
	for _, addr := range []string{server.Addr(), "127.0.0.1:1"} { // nothing listens at the second one
		err = p.Call(ctx, addr, "Status.Peers", struct{}{}, &peers)
		failed, _ := errors.AsType[*pool.CallError](err)
		fmt.Println(failed.Outcome)
	}
	// Output:
	// 1 <nil>
	// maybe executed
	// not sent
}
