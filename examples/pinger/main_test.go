package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func startCluster(t *testing.T) *testutil.Cluster {
	t.Helper()
	testutil.VerifyNone(t)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Stop(context.Background()) })
	return cluster
}

func TestItAsksOverItsOwnConnections(t *testing.T) {
	cluster := startCluster(t)
	var out strings.Builder
	if err := run(t.Context(), cluster.Addrs(), &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "3 servers, in front 127.0.0.1:") {
		t.Error(got)
	}
}

func TestACallGoesOnWhereItsServerIsGoneOrKnowsNoLeader(t *testing.T) {
	for name, harm := range map[string]func(*testutil.Server){
		"gone":           (*testutil.Server).Kill,
		"without leader": func(s *testutil.Server) { s.Inject(testutil.AppError("Status.Peers", "No cluster leader")) },
	} {
		cluster := startCluster(t)
		p, err := proxy.Start(proxy.Config{Servers: cluster.Addrs(), Pinger: &own{}})
		if err != nil {
			t.Fatal(err)
		}
		front, err := p.FindServer()
		if err != nil {
			t.Fatal(err)
		}
		harm(cluster.ServerAt(front.Addr))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var out strings.Builder
		if err := peers(ctx, p, &out); err != nil || strings.Contains(out.String(), front.Addr) {
			t.Errorf("%s: %v, %s", name, err, out.String())
		}
		cancel()
		if p.Stats().Dials != 0 {
			t.Errorf("%s: the proxy has dialed by itself", name)
		}
		stop(p)
	}
}

func TestWhatBecameOfACallIsSaid(t *testing.T) {
	cluster := startCluster(t)
	server := cluster.Server(0)
	o, addr := &own{}, server.Addr()
	if took, err := o.Ping(t.Context(), addr); err != nil || took <= 0 {
		t.Errorf("%v, %v", took, err)
	}
	for name, c := range map[string]struct {
		fault   func()
		outcome pool.Outcome
		phase   pool.Phase
	}{
		"it failed at the server": {func() { server.Inject(testutil.AppError("Job.Dispatch", "no")) }, pool.MaybeExecuted, pool.PhaseRemote},
		"no leader is known":      {func() { server.Inject(testutil.AppError("Job.Dispatch", "No cluster leader")) }, pool.Rejected, pool.PhaseRemote},
		"it is forwarded":         {func() { server.Inject(testutil.AppError("Job.Dispatch", "rpc error: No path to region")) }, pool.Rejected, pool.PhaseRemote},
		"cut while it waits":      {func() { server.Heal(); server.Inject(testutil.DropAfterRead()) }, pool.MaybeExecuted, pool.PhaseFlushed},
		"not sent":                {server.Kill, pool.NotSent, pool.PhaseDial},
	} {
		if name == "not sent" {
			defer func() { check(t, o, addr, name, c.fault, c.outcome, c.phase) }() // at last: the server is gone then
			continue
		}
		server.Heal()
		check(t, o, addr, name, c.fault, c.outcome, c.phase)
	}
}

func check(t *testing.T, o *own, addr, name string, fault func(), outcome pool.Outcome, phase pool.Phase) {
	t.Helper()
	fault()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := o.Call(ctx, addr, "Job.Dispatch", map[string]any{}, &struct{}{})
	failed, ok := errors.AsType[*pool.CallError](err)
	if !ok || failed.Outcome != outcome || failed.Phase != phase {
		t.Errorf("%s: %v (%+v)", name, err, failed)
	}
	if name == "it is forwarded" && !errors.Is(err, pool.ErrNoRegionPath) {
		t.Errorf("%s: the kind is lost: %v", name, err)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	cluster := startCluster(t)
	cluster.Server(0).Inject(testutil.Mute())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&own{}).Call(ctx, cluster.Server(0).Addr(), "Status.Peers", struct{}{}, &[]string{}) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
