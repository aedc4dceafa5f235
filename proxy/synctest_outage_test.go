package proxy_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// unserved is somebody else's pool to which no server answers.
func unserved() embedded {
	return embedded{
		pinging: func(context.Context, string) (time.Duration, error) { return 0, errDown },
		call:    func(_ context.Context, addr, method string) error { return refusing(addr, method) },
	}
}

// busiest is the most of the sorted times that fall into any span.
func busiest(times []time.Duration, span time.Duration) (most int) {
	first := 0
	for i, at := range times {
		for at-times[first] >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestAnOutageOfAnHourCostsAtMostFourDiscoveriesAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		runs := make(chan time.Duration, 1000)
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: unserved(), Discoverer: discovering(func(context.Context) ([]string, error) {
			runs <- time.Since(began)
			return []string{"d", "e"}, nil // they are down too
		})})
		for time.Since(began) < time.Hour {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if err := p.Call(ctx, "Node.UpdateStatus", nil, nil); err == nil {
				t.Fatal("a call was served")
			}
			cancel()
		}
		close(runs)
		var times []time.Duration
		for at := range runs {
			times = append(times, at)
		}
		if n := busiest(times, time.Minute); n > 4 || len(times) < 25 || times[0] > 4*time.Second {
			t.Errorf("%d runs in an hour, %d in the busiest minute, the first after %v", len(times), n, times[0])
		}
		holds(t, p, "a:4647", "b:4647", "c:4647", "d:4647", "e:4647")
		stop(t, p.Stop)
	})
}

// All of them lose their servers in the same instant.
func TestAThousandAgentsDoNotAskDiscoveryTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const agents = 1000
		began := time.Now()
		asked := make(chan time.Duration, 100*agents)
		for i := range agents {
			p := startProxy(t, proxy.Config{
				Servers: names(2), Pinger: unserved(), Seed: uint64(i + 1),
				Discoverer: discovering(func(context.Context) ([]string, error) {
					asked <- time.Since(began)
					return nil, errDown
				}),
			})
			for range 2 {
				if err := p.NotifyFailed(t.Context(), active(t, p), errDown); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		times := make([]time.Duration, 0, len(asked))
		for len(asked) > 0 {
			times = append(times, <-asked)
		}
		slices.Sort(times)
		first, later := times[:agents], times[10*agents:]
		// Evenly spread the first ones would be 33 in each tenth of a second, the later
		// ones 6.
		if n := busiest(first, 100*time.Millisecond); n > 60 || first[agents-1] > 3*time.Second {
			t.Errorf("the first runs: %d within a tenth of a second, the last after %v", n, first[agents-1])
		}
		if n := busiest(later, 100*time.Millisecond); n > 30 {
			t.Errorf("later runs: %d within a tenth of a second", n)
		}
	})
}

// A minority server knows no leader. Those that do are known to discovery alone.
func TestAnAgentOnAMinorityMovesToTheMajorityThatDiscoveryKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		p := startProxy(t, proxy.Config{Servers: []string{"minority"}, Pinger: carrying(), Discoverer: discovering(func(context.Context) ([]string, error) {
			runs++
			return []string{"m1", "m2"}, nil
		})})
		began := time.Now()
		beat := func() {
			u := messages.HeartbeatUpdate{Servers: infos("minority"), TTL: 10 * time.Second, From: active(t, p)}
			if active(t, p).Addr != "minority:4647" {
				u.Servers, u.LeaderRPCAddr = infos("m1", "m2"), "m1:4647"
			}
			if err := p.Heartbeat(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
		for active(t, p).Addr == "minority:4647" {
			if time.Since(began) > time.Minute {
				t.Fatalf("after a minute: %s", picture(p.View()))
			}
			beat()
			time.Sleep(time.Second)
			synctest.Wait()
		}
		t.Logf("on the majority after %v", time.Since(began))
		if time.Since(began) > 4*time.Second || runs != 1 {
			t.Errorf("it took %v and %d runs", time.Since(began), runs)
		}
		beat()
		holds(t, p, "m1:4647", "m2:4647")
		stop(t, p.Stop)
	})
}
