package pool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestStopFailsTheCallsInFlightAndLeavesNothingBehind(t *testing.T) {
	testutil.VerifyNone(t)
	s := startServer(t)
	p, err := pool.New(pool.Far(pool.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	g := holdCalls(t, s)
	var all []<-chan result
	for i := range 30 {
		all = append(all, call(within(t), p, s.Addr(), "Test.Hold", i))
		receive(t, "the request", g.entered)
	}
	stop(t, p.Stop)
	for _, c := range all {
		err := receive(t, "the call", c).err
		lost(t, err, pool.ErrStopped)
		if errors.Is(err, context.Canceled) {
			t.Fatalf("%v: the caller has cancelled nothing", err)
		}
	}
	if st := p.Stats(); st.Sessions != 0 || st.Failures != 30 {
		t.Fatalf("%+v", st)
	}
}

func TestStopDuringADialFailsThoseWhoWait(t *testing.T) {
	testutil.VerifyNone(t)
	s := startServer(t)
	s.Freeze()
	p, err := pool.New(pool.Far(pool.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	c := call(within(t), p, s.Addr(), "Echo.Echo", 1)
	await(t, "the connection", func() bool { return p.Stats().Dials == 1 && s.Counts().Accepted == 1 })
	stop(t, p.Stop)
	failed(t, receive(t, "the call", c).err, pool.PhaseDial, pool.NotSent, pool.ErrStopped)
}

func TestStopGivesUpWithItsContext(t *testing.T) {
	p := newPool(t, pool.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// It may have ended all the same.
	if err := p.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestABadConfigurationIsRefused(t *testing.T) {
	for field, cfg := range map[string]pool.Config{
		"DialTimeout":    {DialTimeout: -1},
		"IdleTimeout":    {IdleTimeout: -1},
		"MaxIdleStreams": {MaxIdleStreams: -1},
		"MaxReplyBytes":  {MaxReplyBytes: -1},
	} {
		p, err := pool.New(cfg)
		if e := as[*pool.ConfigError](t, err); p != nil || e.Field != field {
			t.Errorf("%s: %v, %v", field, p, err)
		}
	}
}
