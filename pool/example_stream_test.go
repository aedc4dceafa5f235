package pool_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A server streams to the agent.
func ExamplePool_Stream() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	server.HandleStream("Greeting.Stream", func(_ context.Context, c net.Conn) error {
		return testutil.WriteFrame(c, testutil.StreamFrame{Payload: []byte("hello")})
	})
	p, err := pool.New(pool.Config{DialTimeout: 10 * time.Second})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(ctx) }()

	conn, err := p.Stream(ctx, server.Addr(), "Greeting.Stream")
	if err != nil {
		panic(err)
	}
	defer func() { _ = conn.Close() }()
	payload, err := pool.NewFrameReader(conn).Next()
	fmt.Printf("%q %v\n", payload, err)
	// Output: "hello" <nil>
}

// The agent answers what a server asks of it.
func ExampleHandlers() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	p, err := pool.New(pool.Config{DialTimeout: 10 * time.Second, Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"ClientStats.Stats": func(context.Context, func(any) error) (any, error) {
			return map[string]int{"Uptime": 42}, nil
		},
	}}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(ctx) }()

	// The server knows the agent's node by the session it registers on.
	node := map[string]any{
		"ID": testutil.NodeID("n1"), "SecretID": "s1", "Datacenter": "dc1", "Name": "agent",
		"Attributes": map[string]string{"nomad.version": "2.0.6"},
	}
	if err := p.Call(ctx, server.Addr(), "Node.Register", map[string]any{"Region": "global", "Node": node}, nil); err != nil {
		panic(err)
	}
	var stats struct{ Uptime int }
	err = server.CallNode(ctx, testutil.NodeID("n1"), "ClientStats.Stats", map[string]any{}, &stats)
	fmt.Println(stats.Uptime, err)
	// Output: 42 <nil>
}
