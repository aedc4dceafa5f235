package proxy_test

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// An agent makes one Proxy and calls through it. When the server in front dies,
// the call goes to another one.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop(ctx)

	p, err := proxy.Start(proxy.Config{Servers: cluster.Addrs()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Stop(ctx)

	type echo struct{ Text string }
	var reply echo
	err = p.Call(ctx, "Echo.Echo", echo{"hello"}, &reply)
	fmt.Printf("%q %v\n", reply.Text, err)

	front, _ := p.FindServer()
	cluster.ServerAt(front.Addr).Kill()
	err = p.Call(ctx, "Echo.Echo", echo{"still here"}, &reply, proxy.WithClass(proxy.Read))
	next, _ := p.FindServer()
	fmt.Printf("%q %v %v\n", reply.Text, err, next != front)
	// Output:
	// "hello" <nil>
	// "still here" <nil> true
}

// A heartbeat's reply is handed to the Proxy, which keeps its list by it.
func ExampleProxy_Heartbeat() {
	p, err := proxy.Start(proxy.Config{Servers: []string{"10.0.0.1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer p.Stop(ctx)

	err = p.Heartbeat(ctx, messages.HeartbeatUpdate{
		Servers: []messages.ServerInfo{
			{RPCAdvertiseAddr: "10.0.0.1:4647"},
			{RPCAdvertiseAddr: "10.0.0.2:4647"},
			{RPCAdvertiseAddr: "10.0.0.300"}, // bad: left out
		},
		NumNodes:      250,
		LeaderRPCAddr: "10.0.0.2:4647",
		TTL:           15 * time.Second,
	})
	fmt.Printf("%s %d %q %v\n", p.ServerRPCAddrs(), p.NumNodes(), p.LeaderAddr(), err)

	err = p.Heartbeat(ctx, messages.HeartbeatUpdate{NumNodes: 251})
	fmt.Println(p.NumServers(), p.NumNodes(), err)
	// Output:
	// [10.0.0.1:4647 10.0.0.2:4647] 250 "10.0.0.2:4647" <nil>
	// 2 251 messages: heartbeat refused: it names no server; the list stays as it was
}

// A message is sent, something else is done, and then its answer is received. It comes
// in any case, also when the Proxy is stopped meanwhile.
func ExampleProxy_Send() {
	p, err := proxy.Start(proxy.Config{Servers: []string{"10.0.0.1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	reply := actor.NewReply[error]()
	err = p.Send(ctx, messages.SetServers{Addrs: []string{"10.0.0.2", "10.0.0.3:"}, Reply: reply})
	if err != nil { // it was not accepted: there will be no answer
		fmt.Println(err)
		return
	}
	fmt.Println(<-reply.Chan())

	fmt.Println(p.Stop(ctx))
	fmt.Println(p.Send(ctx, messages.RebalanceTick{}))
	// Output:
	// messages: bad server address "10.0.0.3:": the port is empty; want host, host:port or [IPv6]:port
	// <nil>
	// actor: stopped
}

// The servers can be replaced while the agent runs, for example when its
// configuration was read anew.
func ExampleProxy_SetServers() {
	p, err := proxy.Start(proxy.Config{}) // it waits for servers
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer p.Stop(ctx)

	_, err = p.FindServer()
	fmt.Println(err)
	err = p.SetServers(ctx, "10.0.0.1", "10.0.0.2:5000", "10.0.0.1:4647")
	fmt.Println(p.NumServers(), err)
	fmt.Println(p.SetServers(ctx))
	// Output:
	// no servers are known
	// 2 <nil>
	// messages: no server address is given: the list stays as it was; give the servers that are to be used, or take one out with RemoveServer
}

// An agent that must act when the list changes ranges over Watch.
func ExampleProxy_Watch() {
	p, err := proxy.Start(proxy.Config{Servers: []string{"10.0.0.1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer p.Stop(ctx)

	for view := range p.Watch(ctx) {
		fmt.Println(view.Addrs())
		if view.Len() == 2 {
			break
		}
		if _, err := p.AddPrimary(ctx, "nomad.example.com"); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// [10.0.0.1:4647]
	// [10.0.0.1:4647 nomad.example.com:4647]
}
