package pool_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestStopFailsTheCallsInFlightAndLeavesNothingBehind(t *testing.T) {
	testutil.VerifyNone(t)
	s := startServer(t)
	p, err := pool.New(pool.Far(pool.Config{}))
	noError(t, err)
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

func TestStopDuringADialFailsTheWaitingCallers(t *testing.T) {
	testutil.VerifyNone(t)
	s := startServer(t)
	s.Freeze()
	p, err := pool.New(pool.Far(pool.Config{}))
	noError(t, err)
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
	for _, c := range []struct {
		field, quotes string
		cfg           pool.Config
	}{
		{"DialTimeout", "-1ns", pool.Config{DialTimeout: -1}},
		{"IdleTimeout", "-1ns", pool.Config{IdleTimeout: -1}},
		{"HoldTimeout", "2562047h47m16", pool.Config{HoldTimeout: math.MaxInt64}}, // which no sum can be longer than
		{"MaxIdleStreams", "-1", pool.Config{MaxIdleStreams: -1}},
		{"MaxIdleStreams", "65537", pool.Config{MaxIdleStreams: 1<<16 + 1}}, // there is room for them from the start
		{"MaxReplyBytes", "-1", pool.Config{MaxReplyBytes: -1}},
		{"MaxReplyBytes", "1073741825", pool.Config{MaxReplyBytes: 1<<30 + 1}},
		{"MaxRequestBytes", "67108865, more than MaxReverseBytes (67108864)", pool.Config{MaxRequestBytes: 64<<20 + 1}},
		{"MaxRequestBytes", "2000, more than MaxReverseBytes (1000)", pool.Config{MaxRequestBytes: 2000, MaxReverseBytes: 1000}},
	} {
		p, err := pool.New(c.cfg)
		if e := as[*pool.ConfigError](t, err); p != nil || e.Field != c.field || !strings.Contains(e.Reason, c.quotes) {
			t.Errorf("%s: %v, %v", c.field, p, err)
		}
	}
}
