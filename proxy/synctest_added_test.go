package proxy_test

import (
	"context"
	"net"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// In an outage an agent of a big fleet dials rarely, but not what it has never dialed.
func TestAServerThatIsAddedInAnOutageIsDialedAtOnceInAFleetOfAnySize(t *testing.T) {
	for _, add := range []struct {
		how string
		add func(context.Context, *proxy.Proxy) error
	}{
		{"primary", func(ctx context.Context, p *proxy.Proxy) error {
			_, err := p.AddPrimary(ctx, "z:4647")
			return err
		}},
		{"backup", func(ctx context.Context, p *proxy.Proxy) error { return p.AddBackup(ctx, "z:4647") }},
		{"list", func(ctx context.Context, p *proxy.Proxy) error { return p.SetServers(ctx, "z:4647") }},
	} {
		for _, nodes := range []int{10, 10_000, 100_000} {
			synctest.Test(t, func(t *testing.T) {
				dialed := make(chan string, 10_000)
				p := startProxy(t, proxy.Config{Servers: names(3), Pool: pool.Config{
					Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
						dialed <- addr
						return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
					},
				}})
				var infos []messages.ServerInfo
				for _, name := range names(3) {
					infos = append(infos, messages.ServerInfo{RPCAdvertiseAddr: name})
				}
				if err := p.Heartbeat(t.Context(), messages.HeartbeatUpdate{Servers: infos, NumNodes: nodes, LeaderRPCAddr: "a:4647", TTL: time.Minute}); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					for ctx.Err() == nil {
						_ = p.Call(ctx, "Status.Peers", nil, nil)
					}
				}()
				time.Sleep(time.Minute)
				for len(dialed) > 0 {
					<-dialed
				}
				if err := add.add(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				synctest.Wait() // no time passes
				var to []string
				for len(dialed) > 0 {
					to = append(to, <-dialed)
				}
				if !slices.Contains(to, "z:4647") || len(to) > 2 {
					t.Errorf("%s of a fleet of %d: dialed %v", add.how, nodes, to)
				}
				cancel()
				<-done
				stop(t, p.Stop)
			})
		}
	}
}
