package proxy_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestAPingerThatCarriesNoCallsIsRecognised(t *testing.T) {
	p := listed(t, "a", "b")
	err := p.Call(within(t), "Status.Ping", nil, nil)
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok || !errors.Is(err, proxy.ErrNoCaller) || call.Method != "Status.Ping" || call.Outcome != pool.NotSent || call.Phase != pool.PhaseFind {
		t.Fatalf("%v", err)
	}
	if result, err := p.Rebalance(within(t)); err != nil || !result.Adopted {
		t.Errorf("it probes all the same: %+v, %v", result, err)
	}
}

func TestAPingerThatIsACallerCarriesTheCalls(t *testing.T) {
	type sent struct{ addr, method string }
	carried := make(chan sent, 10)
	down := server(t, "a")
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Rebalance: calm, Pinger: embedded{
		pinging: upPinger,
		call: func(_ context.Context, addr, method string) error {
			carried <- sent{addr, method}
			if addr == down.Addr {
				return &pool.CallError{Method: method, Server: addr, Phase: pool.PhaseDial, Outcome: pool.NotSent, Err: errDown}
			}
			return nil
		},
	}})
	for active(t, p) != down {
		if err := p.NotifyFailed(within(t), active(t, p), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Call(within(t), "M.M", nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := []sent{<-carried, <-carried}; !slices.Equal(got, []sent{{"a:4647", "M.M"}, {"b:4647", "M.M"}}) {
		t.Errorf("the calls were %v", got)
	}
	if active(t, p).Addr != "b:4647" || p.View().Health(server(t, "a")) != messages.Failed {
		t.Errorf("%s", picture(p.View()))
	}
	if st := p.Stats(); st != (pool.Stats{}) {
		t.Errorf("the proxy has no pool of its own and counted %+v", st)
	}
}

// What an embedder's pool answers in its own words may have been executed.
func TestAnErrorInAnEmbeddersOwnWordsIsRepeatedOnlyIfThatDoesNoHarm(t *testing.T) {
	for class, want := range map[proxy.Class]int{proxy.AtMostOnce: 1, proxy.Idempotent: 2, proxy.Read: 2} {
		var carried []string
		p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Rebalance: calm, Pinger: embedded{
			pinging: upPinger,
			call: func(_ context.Context, addr, _ string) error {
				if carried = append(carried, addr); len(carried) == 1 {
					return errDown
				}
				return nil
			},
		}})
		front := active(t, p)
		err := p.Call(within(t), "M.M", nil, nil, options(class)...)
		if len(carried) != want || (err == nil) != (want == 2) || active(t, p) == front {
			t.Errorf("%v: %v, carried to %q", class, err, carried)
		}
		if call, ok := errors.AsType[*proxy.CallError](err); want == 1 && (!ok || call.Outcome != pool.MaybeExecuted || !errors.Is(err, errDown)) {
			t.Errorf("%v: %v", class, err)
		}
	}
}

func TestStatsCountsThePoolsWork(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	for range 5 {
		if err := p.Call(within(t), "Echo.Echo", echo{"x"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if st := p.Stats(); st.Calls != 5 || st.Sessions != 1 || st.Dials != 1 || st.Failures != 0 || st.BytesIn == 0 || st.BytesOut == 0 {
		t.Errorf("%+v", st)
	}
	c.ServerAt(active(t, p).Addr).Kill()
	if err := p.Call(within(t), "Echo.Echo", echo{"x"}, nil, options(proxy.Read)...); err != nil {
		t.Fatal(err)
	}
	if st := p.Stats(); st.Calls < 6 || st.Dials < 2 {
		t.Errorf("after a failover: %+v", st)
	}
}
