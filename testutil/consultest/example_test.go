package testutil_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/open-nomad/rpcproxy/testutil"
)

// A Consul agent that knows one server of Nomad, and then loses its leader.
func ExampleConsul() {
	consul, err := testutil.StartConsul(testutil.ConsulConfig{})
	if err != nil {
		panic(err)
	}
	defer consul.Stop()
	consul.SetServices("dc1", testutil.ConsulService{Address: "10.0.0.1", Port: 4647})
	defer http.DefaultClient.CloseIdleConnections()

	show := func(path string) {
		resp, err := http.Get(consul.URL() + path)
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		fmt.Printf("%d %.40s %v\n", resp.StatusCode, text, err)
	}
	show("/v1/catalog/datacenters")
	consul.Inject(testutil.ConsulNoLeader().On("/v1/catalog/service/"))
	show("/v1/catalog/service/nomad?tag=rpc")
	fmt.Println(consul.Count("/v1/catalog/service/nomad", "dc1"))
	// Output:
	// 200 ["dc1"] <nil>
	// 500 No cluster leader <nil>
	// 1
}
