package proxy_test

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// slowCalls is an observer of the agent's own: it is told of calls that took long, and of failovers.
type slowCalls struct {
	limit time.Duration
	told  chan string
}

// CallStart is called before anything else of a call; what it returns is the call's context.
func (s slowCalls) CallStart(ctx context.Context, _ proxy.CallInfo) context.Context { return ctx }

func (s slowCalls) CallEnd(_ context.Context, e proxy.CallEnd) {
	if e.Duration > s.limit {
		s.told <- fmt.Sprintf("%s %s after %d attempts", e.Method, e.Outcome, e.Attempts)
	}
}

func (s slowCalls) Moved(e proxy.MoveEvent) {
	if e.Reason.Failover() {
		s.told <- fmt.Sprintf("failover: %s", e.Reason)
	}
}

func ExampleObserver() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop(ctx)
	told := make(chan string, 10)
	p, err := proxy.Start(proxy.Config{
		Servers: cluster.Addrs(), Observers: []proxy.Observer{slowCalls{limit: 0, told: told}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Stop(ctx)

	err = p.Call(ctx, "Status.Ping", struct{}{}, nil)
	fmt.Println(<-told, err)
	front, _ := p.FindServer()
	cluster.ServerAt(front.Addr).Kill()
	fmt.Println(<-told)
	// Output:
	// Status.Ping answered after 1 attempts <nil>
	// failover: connection_lost
}
