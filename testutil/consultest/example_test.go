package consultest_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// A Consul agent that knows one server of Nomad, and then loses its leader.
func Example() {
	agent, err := consultest.Start(consultest.Config{})
	if err != nil {
		panic(err)
	}
	defer agent.Stop()
	agent.SetServices("dc1", consultest.Service{Address: "10.0.0.1", Port: 4647})
	defer http.DefaultClient.CloseIdleConnections()

	show := func(path string) {
		resp, err := http.Get(agent.URL() + path)
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		fmt.Printf("%d %.40s %v\n", resp.StatusCode, text, err)
	}
	show("/v1/catalog/datacenters")
	agent.Inject(consultest.NoLeader().On("/v1/catalog/service/"))
	show("/v1/catalog/service/nomad?tag=rpc")
	fmt.Println(agent.Count("/v1/catalog/service/nomad", "dc1"))
	// Output:
	// 200 ["dc1"] <nil>
	// 500 No cluster leader <nil>
	// 1
}
