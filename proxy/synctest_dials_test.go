package proxy_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// dialsOf is how many dials an agent of a fleet of that size makes in a minute in which
// none of its three servers can be reached, while so many callers try one call after the
// other.
func dialsOf(t *testing.T, nodes, callers int) (dials int) {
	synctest.Test(t, func(t *testing.T) {
		const lasts = time.Minute
		made := make(chan struct{}, 100_000)
		p := startProxy(t, proxy.Config{Servers: names(3), Pool: pool.Config{
			Dial: func(context.Context, string, string) (net.Conn, error) {
				made <- struct{}{}
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			},
		}})
		var infos []messages.ServerInfo
		for _, name := range names(3) {
			infos = append(infos, messages.ServerInfo{RPCAdvertiseAddr: name})
		}
		if err := p.Heartbeat(t.Context(), messages.HeartbeatUpdate{
			Servers: infos, NumNodes: nodes, LeaderRPCAddr: "a:4647", TTL: 10 * time.Second,
		}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		done := make(chan struct{}, callers)
		for range callers {
			go func() {
				for ctx.Err() == nil {
					one, stop := context.WithTimeout(ctx, 5*time.Second)
					if err := p.Call(one, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(time.Now().Add(4*time.Second))); err == nil {
						t.Error("a call was served")
					}
					<-one.Done() // the next one has to try as long
					stop()
				}
				done <- struct{}{}
			}()
		}
		for range callers {
			<-done
		}
		dials = len(made)
		stop(t, p.Stop)
	})
	return dials
}

// Three addresses, each dialed twice at once, and then after pauses of half of 100 ms,
// 200 ms and so on at least, and of a second in the end.
func TestTheDialsOfAnAgentInAnOutageDoNotGrowWithItsCallers(t *testing.T) {
	const most = 3 * (2 + 5 + 59)
	for _, callers := range []int{1, 50} {
		if n := dialsOf(t, 10, callers); n > most || n < 3*10 {
			t.Errorf("%d callers: %d dials in a minute, want %d at most", callers, n, most)
		}
	}
}

func TestAnAgentOfABigFleetDialsRarelyInAnOutage(t *testing.T) {
	// Two of each address but the last, since the first failure is followed by a dial at once
	// until all three have failed, and then one after 24 to 64 s each.
	const most = 2 + 2 + 1 + 2
	if n := dialsOf(t, 100_000, 50); n > most || n < 3 {
		t.Errorf("%d dials in a minute, want %d at most", n, most)
	}
}
