package accept_test

import (
	"context"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// A connection is greeted, and then served until its agent leaves.
func Example() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	acceptor, ended := accept.New(accept.Config{}), make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		greeted, err := acceptor.Greet(context.Background(), conn)
		if err != nil {
			return
		}
		session, err := acceptor.Serve(greeted, echoRelay{})
		if err != nil {
			return
		}
		_ = session.Run(context.Background()) // the agent has left
	}()

	agent, err := plainclient.Dial(context.Background(), listener.Addr().String(), plainclient.Config{})
	if err != nil {
		panic(err)
	}
	var reply string
	fmt.Println(agent.Call("Test.Echo", "hello", &reply), reply)
	_ = agent.Close()
	<-ended
	// Output: <nil> hello
}
