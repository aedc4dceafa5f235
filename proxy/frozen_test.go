package proxy_test

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The corroborators that are asked first are as silent as the server in front, over
// sessions that are as old, so that none has failed yet.
func TestACallLeavesServersThatFallSilentTogetherWhileOthersLive(t *testing.T) {
	t.Parallel()
	const servers, frozen = 7, 4
	c := startCluster(t, servers)
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs(), ProbeTimeout: 1500 * time.Millisecond, ProbeStagger: 1,
		Pool: pool.Config{
			SilenceLimit: 500 * time.Millisecond, PingTimeout: time.Second, DialTimeout: 2 * time.Second,
			DrainTimeout: 1, // a server that is left has no session
		},
	})
	for _, s := range c.Servers() {
		s.Inject(testutil.Slow(100 * time.Millisecond).On("Status.Ping")) // so that a round asks them all
	}
	for rounds := 0; ; rounds++ {
		before := active(t, p)
		if r, err := p.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		} else if r.Active == before && p.Stats().Sessions == servers {
			break
		}
		if rounds > 200 {
			t.Fatalf("%d sessions, want %d: the test shows nothing", p.Stats().Sessions, servers)
		}
	}
	silent := map[messages.Server]bool{}
	for _, s := range p.View().Servers()[:frozen] {
		silent[s] = true
		c.ServerAt(s.Addr).Freeze()
		defer c.ServerAt(s.Addr).Thaw()
	}
	watch := testutil.StartStopwatch(t)
	var from messages.Server
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&from)); err != nil {
		t.Fatalf("%v; %s", err, picture(p.View()))
	}
	if ran := watch.Elapsed(); ran > 12*time.Second {
		t.Errorf("%v were run until %v answered, want about two silences for each of the %d", ran, from, frozen)
	}
	if silent[from] {
		t.Fatalf("%v is frozen and answered", from)
	}
}

// With all of them silent the network may be ours: none is left for it.
func TestWhenEveryServerIsSilentNoneIsDeemedFailed(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 5)
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs(), ProbeTimeout: 300 * time.Millisecond, ProbeStagger: 20 * time.Millisecond,
		Pool: pool.Config{SilenceLimit: 100 * time.Millisecond, PingTimeout: 200 * time.Millisecond},
	})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Servers() {
		s.Freeze()
		defer s.Thaw()
	}
	front := active(t, p)
	answered := make(chan error, 1)
	ctx := within(t)
	go func() { answered <- p.Call(ctx, "Status.Ping", struct{}{}, nil) }()
	pings := p.Stats().Pings
	eventually(t, "the silent session is pinged again and again", func() bool { return p.Stats().Pings >= pings+6 })
	for r := range p.View().Ranking() {
		if r.Health == messages.Failed {
			t.Errorf("%v counts as failed: %s", r.Server, picture(p.View()))
		}
	}
	if active(t, p) != front {
		t.Errorf("%v was left: %s", front, picture(p.View()))
	}
	for _, s := range c.Servers() {
		s.Thaw()
	}
	if err := <-answered; err != nil {
		t.Errorf("the call was lost although its server came back: %v", err)
	}
}
