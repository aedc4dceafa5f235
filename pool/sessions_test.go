package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestTheSessionsOfAPoolAreShownUntilTheyEnd(t *testing.T) {
	s := startServer(t)
	p := newPool(t, pool.Config{})
	if list := p.Sessions(); len(list) != 0 || p.Latency(s.Addr()) != (pool.Latency{}) {
		t.Errorf("before any call: %+v", list)
	}
	ping(t, p, s.Addr())
	list := p.Sessions()
	if len(list) != 1 || list[0].Server != s.Addr() || list[0].State != pool.SessionUp || list[0].Calls != 0 || list[0].BytesIn == 0 || list[0].Since.After(time.Now()) {
		t.Errorf("%+v", list)
	}
	if l := p.Latency(s.Addr()); l.Count != 1 || l.Total != 1 || l.P50 <= 0 || l.P99 != l.P50 {
		t.Errorf("%+v", l)
	}
	stop(t, p.Stop)
	if list := p.Sessions(); len(list) != 0 {
		t.Errorf("stopped: %+v", list)
	}
}

func TestASessionOnWhichNothingComesInIsShownAsSilent(t *testing.T) {
	s := startServer(t)
	p := newPool(t, pool.Config{SilenceLimit: time.Millisecond, PingTimeout: time.Hour})
	came := make(chan struct{})
	s.Handle("Test.Wait", func(ctx context.Context, _ *testutil.Request) (any, error) {
		close(came)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- p.Call(ctx, s.Addr(), "Test.Wait", dict{}, nil) }()
	<-came
	for p.Sessions()[0].State != pool.SessionSilent { // each ping that is answered is a sign of life
		if ctx.Err() != nil {
			t.Fatal("it is never silent")
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the call was answered")
	}
}

func TestStatesOfSessionsHaveTexts(t *testing.T) {
	seen := map[string]bool{}
	for st := pool.SessionUp; st <= pool.SessionNotServing+1; st++ {
		if text := st.String(); text == "" || seen[text] {
			t.Errorf("%d is %q", st, text)
		} else {
			seen[text] = true
		}
	}
}
