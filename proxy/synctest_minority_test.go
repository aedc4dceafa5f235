package proxy_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// noLeaderAt is what a server without a quorum answers.
func noLeaderAt(addr, method string) error {
	return &pool.CallError{
		Method: method, Server: addr, Phase: pool.PhaseRemote, Outcome: pool.Rejected,
		Err: &pool.RemoteError{Text: "No cluster leader", Kind: pool.ErrNoLeader},
	}
}

func TestAnAgentThatStartsOnAMinorityFindsTheMajority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		p := startProxy(t, proxy.Config{
			Servers: names(1),
			Discoverer: discovering(func(context.Context) ([]string, error) {
				runs.Add(1)
				return []string{"majority"}, nil
			}),
			Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
				if addr == "majority:4647" {
					return nil
				}
				return noLeaderAt(addr, method)
			}},
		})
		began := time.Now()
		if err := p.Call(t.Context(), "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(began.Add(10*time.Second))); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second || runs.Load() != 1 {
			t.Errorf("the heartbeat took %v and %d runs of discovery, want at most 3 s of chance, a pause, and one run", took, runs.Load())
		}
		stop(t, p.Stop)
	})
}

func TestAnAgentThatOnlyMakesCallsIsNotSentLookingForServersByAnElection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		began := time.Now()
		p := startProxy(t, proxy.Config{
			Servers: names(3),
			Discoverer: discovering(func(context.Context) ([]string, error) {
				runs.Add(1)
				return nil, errDown
			}),
			Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
				if time.Since(began) < 5*time.Second {
					return noLeaderAt(addr, method)
				}
				return nil
			}},
		})
		for range 3600 {
			if err := p.Call(t.Context(), "Job.List", nil, nil); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := runs.Load(); n > 7 {
			t.Errorf("%d runs in an hour, want those of the 95 s in which the election counts", n)
		}
		stop(t, p.Stop)
	})
}
