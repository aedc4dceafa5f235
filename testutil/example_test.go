package testutil_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// ping calls Status.Ping in the way any Nomad client does.
func ping(addr string) error {
	session, err := plainclient.Dial(context.Background(), addr, plainclient.Config{})
	if err != nil {
		return err
	}
	defer session.Close()
	return session.Call("Status.Ping", map[string]any{}, &struct{}{})
}

func Example() {
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop(context.Background())

	addr := cluster.Addrs()[1]
	fmt.Println("alive:", ping(addr))
	cluster.Server(1).Inject(testutil.AppError("Status.Ping", "out of order").Times(1))
	fmt.Println("once: ", ping(addr))
	cluster.Kill(1)
	fmt.Println("dead: ", ping(addr) != nil)
	if err := cluster.Restart(1); err != nil {
		fmt.Println(err)
	}
	fmt.Println("again:", ping(addr))
	// Output:
	// alive: <nil>
	// once:  out of order
	// dead:  true
	// again: <nil>
}
