package proxy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// One call waits while all servers hang. Those that are asked whether they answer do not: they
// are not doubted for that, which would have others asked, and so on.
func TestServersThatAreAskedWhetherTheyAnswerAreNotDoubtedForTheirSilence(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 5)
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs(), ProbeTimeout: 2 * time.Second, ProbeStagger: time.Millisecond, Rebalance: calm,
		Pool: pool.Config{SilenceLimit: 200 * time.Millisecond, PingTimeout: 400 * time.Millisecond},
	})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Servers() {
		s.Inject(testutil.Mute())
	}
	front := active(t, p)
	answered := make(chan error, 1)
	ctx, leave := context.WithCancel(within(t))
	defer leave()
	go func() { answered <- p.Call(ctx, "Echo.Echo", "x", nil) }()
	doubts := func() (of map[string]int) {
		of = map[string]int{}
		for _, d := range p.Explain().Decisions {
			if d.Kind == proxy.CauseSilence {
				of[d.Server] += d.Times
			}
		}
		return of
	}
	eventually(t, "the server of the call is doubted again and again", func() bool { return doubts()[front.Addr] >= 4 })
	if of := doubts(); len(of) != 1 {
		t.Errorf("doubted were %v, and the call is at %s", of, front.Addr)
	}
	leave()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
}
