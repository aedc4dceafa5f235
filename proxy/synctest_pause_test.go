package proxy_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// answered is the error of a call that a server answered with kind.
func answered(addr, method string, kind error, outcome pool.Outcome) error {
	return &pool.CallError{
		Method: method, Server: addr, Phase: pool.PhaseRemote, Outcome: outcome,
		Err: &pool.RemoteError{Text: kind.Error(), Kind: kind},
	}
}

// A cluster that needs a moment gets one, however many servers are left to try.
func TestACallPausesBeforeItIsSentToAClusterThatNeedsAMoment(t *testing.T) {
	for _, c := range []struct {
		kind  error
		class proxy.Class
		out   pool.Outcome
		stays bool // with the server that answered
	}{
		{pool.ErrNoLeader, proxy.AtMostOnce, pool.Rejected, false},
		{pool.ErrNotReady, proxy.AtMostOnce, pool.Rejected, false},
		{pool.ErrLeaderUnreachable, proxy.AtMostOnce, pool.Rejected, true},
		{pool.ErrLeaderUnreachable, proxy.Idempotent, pool.MaybeExecuted, true},
		{pool.ErrRateLimited, proxy.AtMostOnce, pool.Rejected, true},
		{pool.ErrServerRateLimited, proxy.AtMostOnce, pool.Rejected, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			type sent struct {
				addr string
				at   time.Duration
			}
			began := time.Now()
			made := make(chan sent, 10)
			p := startProxy(t, proxy.Config{Servers: names(5), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
				if made <- (sent{addr, time.Since(began)}); len(made) < 3 {
					return answered(addr, method, c.kind, c.out)
				}
				return nil
			}}})
			if err := p.Call(t.Context(), "M.M", nil, nil, options(c.class)...); err != nil {
				t.Fatal(err)
			}
			last := <-made
			for i, ceiling := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond} {
				next := <-made
				if pause := next.at - last.at; pause <= 0 || pause > ceiling+time.Millisecond {
					t.Errorf("%v: pause %d was %v, want more than nothing and at most %v", c.kind, i, pause, ceiling)
				}
				if (next.addr == last.addr) != c.stays {
					t.Errorf("%v: from %s to %s", c.kind, last.addr, next.addr)
				}
				last = next
			}
			stop(t, p.Stop)
		})
	}
}

func TestStopEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			return refusing(addr, method)
		}}})
		ended := make(chan error, 1)
		began := time.Now()
		go func() { ended <- p.Call(context.Background(), "M.M", nil, nil) }()
		time.Sleep(10 * time.Second)
		stop(t, p.Stop)
		err := <-ended
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the call went on until %v: %v", took, err)
		}
		checkStopped(t, err)
	})
}
