package sidecar_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// It is no failure of the servers, which an operator should look into.
func TestCallsOfAnAgentThatHasLeftDoNotCountAsFailed(t *testing.T) {
	c := newCluster(t, 1)
	came := make(chan struct{}, 2)
	c.Server(0).Handle("Test.Wait", func(ctx context.Context, _ *testutil.Request) (any, error) {
		came <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	var log book
	s := newSidecar(t, sidecar.Config{Logger: zerolog.New(&log), DrainTimeout: time.Millisecond}, c.Addrs()...)
	a := newAgent(t, s)
	for _, args := range []map[string]any{{}, {"MinQueryIndex": 1, "MaxQueryTime": time.Hour}} {
		st, err := a.OpenMode(plainclient.ModeRPC)
		noError(t, err)
		go func() { _ = st.Call("Test.Wait", args, nil) }() // it fails
		<-came
	}
	_ = a.Close()
	awaitThat(t, func() bool { return s.Stats().Connections == 0 })
	stop(t, s)
	if n := s.Stats().Failed; n != 0 || log.count("failed") != 0 {
		t.Errorf("%d calls have failed, and %d lines say so", n, log.count("failed"))
	}
}

func TestTheLogNamesAnAgentWhoseStreamsAreTooMany(t *testing.T) {
	c := newCluster(t, 1)
	var log book
	s := newSidecar(t, sidecar.Config{Logger: zerolog.New(&log)}, c.Addrs()...)
	a := newAgent(t, s)
	for s.Stats().RefusedStreams == 0 {
		if _, err := a.OpenMode(plainclient.ModeRPC); err != nil {
			break
		}
	}
	awaitThat(t, func() bool { return s.Stats().RefusedStreams > 0 })
	stop(t, s)
	if log.count("the agent has too many streams open") != 1 || log.count(`"server":`) != 0 {
		t.Errorf("%v", *log.lines.Load())
	}
}

// Each call would come in again as that of another agent, until there are too many.
func TestASidecarIsNoServerOfItsOwn(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0"} {
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Skip(err) // there is no IPv6
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		noError(t, err)
		var cfg sidecar.Config
		cfg.Listeners, cfg.Proxy.RetryTimeout = []net.Listener{l}, time.Millisecond
		s := newSidecar(t, cfg, "localhost:"+port)
		a, err := plainclient.Dial(t.Context(), "127.0.0.1:"+port, plainclient.Config{NoKeepAlive: true})
		noError(t, err)
		if err := a.Call("Status.Ping", struct{}{}, nil); err == nil {
			t.Error("it answers itself")
		}
		if n := s.Stats().Tenants; n != 1 {
			t.Errorf("%s: %d agents", at, n)
		}
		_ = a.Close()
	}
}
