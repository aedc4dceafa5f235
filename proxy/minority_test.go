package proxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAServerThatAnswersPingsAndKnowsNoLeaderIsLeftForOneThatIsFound(t *testing.T) {
	c := startCluster(t, 2)
	minority, majority := c.Server(0), c.Addrs()[1]
	minority.Inject(testutil.AppError("Echo.Echo", testutil.ErrTextNoLeader))
	p := startProxy(t, proxy.Config{
		Servers: []string{minority.Addr()}, DiscoverInterval: 100 * time.Millisecond,
		Discoverer: discovering(func(context.Context) ([]string, error) { return []string{majority}, nil }),
	})
	if result, err := p.Rebalance(within(t)); err != nil || !result.Adopted {
		t.Fatalf("the server answers no ping: %+v, %v", result, err)
	}
	var got echo
	var from messages.Server
	err := p.Call(within(t), "Echo.Echo", echo{"beat"}, &got, proxy.WithClass(proxy.Idempotent), proxy.WithAnsweredBy(&from))
	if err != nil || got.Text != "beat" || from.Addr != majority {
		t.Fatalf("%q of %v, %v; %s", got.Text, from, err, picture(p.View()))
	}
	if n := minority.Counts().Methods["Echo.Echo"]; n == 0 {
		t.Error("the minority was never asked: the test shows nothing")
	}
}
