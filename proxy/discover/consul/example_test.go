package consul_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// An agent without configured servers finds them through the Consul agent of its host.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	servers, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		panic(err)
	}
	defer servers.Stop(ctx)
	catalogue, err := consultest.Start(consultest.Config{})
	if err != nil {
		panic(err)
	}
	defer catalogue.Stop()
	catalogue.SetServices("dc1", consultest.Services(servers.Addrs()...)...)

	finder, err := consul.New(consul.Config{Address: catalogue.Addr()})
	if err != nil {
		panic(err)
	}
	p, err := proxy.Start(proxy.Config{Discoverer: finder})
	if err != nil {
		panic(err)
	}
	defer p.Stop(ctx)

	type echo struct{ Text string }
	var reply echo
	err = p.Call(ctx, "Echo.Echo", echo{"hello"}, &reply)
	fmt.Printf("%q %v %d\n", reply.Text, err, p.NumServers())
	// Output:
	// "hello" <nil> 3
}

// The error has the reason of each datacenter that led to no server.
func ExampleDiscoverer_Walk() {
	catalogue, err := consultest.Start(consultest.Config{})
	if err != nil {
		panic(err)
	}
	defer catalogue.Stop()
	catalogue.SetServices("dc2")
	catalogue.Inject(consultest.NoLeader().On("/v1/health/service/").In("dc1"))

	finder, err := consul.New(consul.Config{Address: catalogue.Addr(), Token: "a token"})
	if err != nil {
		panic(err)
	}
	_, err = finder.Walk(context.Background())
	fmt.Println(errors.Is(err, consul.ErrNoLeader), errors.Is(err, consul.ErrNoServers))
	fmt.Println(err)
	// Output:
	// true true
	// consul: no servers found in 2 datacenters (GET /v1/health/service/nomad)
	// 	"dc1": status 500: no cluster leader: "No cluster leader"
	// 	"dc2": no servers are registered
}
