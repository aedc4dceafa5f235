package messages_test

import (
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/messages"
)

func ExampleParseServer() {
	for _, s := range []string{"10.0.0.1", "Nomad.Example.com.:5000", "::1", "10.0.0.300", "nomad:0"} {
		server, err := messages.ParseServer(s)
		if bad, ok := errors.AsType[*messages.AddrError](err); ok {
			fmt.Printf("%q is refused: %s\n", bad.Input, bad.Reason)
			continue
		}
		fmt.Printf("%q is %s\n", server.Name, server.Addr)
	}
	// Output:
	// "10.0.0.1" is 10.0.0.1:4647
	// "Nomad.Example.com.:5000" is nomad.example.com.:5000
	// "::1" is [::1]:4647
	// "10.0.0.300" is refused: the host ends in a number but is not an IPv4 address
	// "nomad:0" is refused: the port is zero
}

func ExampleView() {
	first, _ := messages.ParseServer("10.0.0.1")
	second, _ := messages.ParseServer("10.0.0.2")
	v := messages.NewView(3, []messages.Ranked{
		{Server: first, Role: messages.Primary, Health: messages.Alive},
		{Server: second, Role: messages.Backup},
	}, 0, 250, "10.0.0.2:4647")

	if s, ok := v.Active(); ok {
		fmt.Println("active:", s)
	}
	for r := range v.Ranking() {
		fmt.Println(r.Server, r.Role, r.Health)
	}
	fmt.Printf("%d nodes, leader %q, epoch %d\n", v.NumNodes(), v.LeaderAddr(), v.Epoch())
	// Output:
	// active: 10.0.0.1:4647
	// 10.0.0.1:4647 primary alive
	// 10.0.0.2:4647 backup unknown
	// 250 nodes, leader "10.0.0.2:4647", epoch 3
}

// One bad address refuses a whole list; the error names each.
func ExampleAddrsError() {
	var bad []*messages.AddrError
	for _, s := range []string{"10.0.0.1", "http://10.0.0.2", "10.0.0.3:"} {
		_, err := messages.ParseServer(s)
		if e, ok := errors.AsType[*messages.AddrError](err); ok {
			bad = append(bad, e)
		}
	}
	fmt.Println(&messages.AddrsError{Errs: bad})
	// Output:
	// messages: 2 bad server addresses; want host, host:port or [IPv6]:port
	// 	"http://10.0.0.2": it has a scheme
	// 	"10.0.0.3:": the port is empty
}
