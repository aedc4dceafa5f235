package plainclient_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer server.Stop(context.Background())

	session, err := plainclient.Dial(context.Background(), server.Addr(), plainclient.Config{})
	if err != nil {
		panic(err)
	}
	defer session.Close()
	var reply string
	err = session.Call("Echo.Echo", "hello", &reply)
	fmt.Println(reply, err)
	// Output: hello <nil>
}
