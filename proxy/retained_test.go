package proxy_test

import (
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// unanswered is an address that takes connections and never answers, as that of a
// frozen host.
func unanswered(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestAHeartbeatOfUnreachableAddressesTakesNothingAway(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 1)
	works := cluster.Addrs()[0]
	// Time enough for a round to come to its second server on a slow machine.
	p := startProxy(t, proxy.Config{Servers: []string{works}, ProbeTimeout: 3 * time.Second})
	beat := func(addrs ...string) {
		t.Helper()
		u := messages.HeartbeatUpdate{Servers: infos(addrs...), LeaderRPCAddr: addrs[0], TTL: time.Minute, From: server(t, works)}
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
	}
	silent, down := unanswered(t), startCluster(t, 1)
	down.Kill(0)
	closed := down.Addrs()[0] // refused, and kept from everybody else
	for range 3 {
		beat(silent, closed)
		if front := active(t, p).Addr; front != works {
			t.Fatalf("%s is in front", front)
		}
		if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithClass(proxy.AtMostOnce)); err != nil {
			t.Fatal(err)
		}
	}
	awaitView(t, p, "both were tried", func(v *messages.View) bool {
		return v.Health(server(t, silent)) == messages.Failed && v.Health(server(t, closed)) == messages.Failed
	})
	if front := active(t, p).Addr; front != works {
		t.Fatalf("%s is in front", front)
	}

	// One of them comes up: the former server leaves as soon as it has answered.
	if err := down.Server(0).Restart(); err != nil {
		t.Fatal(err)
	}
	for ctx, up := within(t), false; !up; { // not in time, on a slow machine, is not yet an answer
		result, err := p.Rebalance(ctx)
		if err != nil {
			t.Fatal(err)
		}
		up = result.Adopted
	}
	awaitView(t, p, "the former server left", func(v *messages.View) bool { return !v.Contains(server(t, works)) })
	if front := active(t, p).Addr; front != closed {
		t.Errorf("%s is in front, want the one that came up", front)
	}
}

func TestAClusterThatWasReplacedAsAWholeIsTakenOverAtOnce(t *testing.T) {
	old, cluster := startCluster(t, 1), startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: old.Addrs()})
	u := messages.HeartbeatUpdate{Servers: infos(cluster.Addrs()...), LeaderRPCAddr: cluster.Addrs()[0], TTL: time.Minute, From: server(t, old.Addrs()[0])}
	began := time.Now()
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	awaitView(t, p, "the former server left", func(v *messages.View) bool { return !v.Contains(server(t, old.Addrs()[0])) })
	t.Logf("after %v", time.Since(began))
	holds(t, p, cluster.Addrs()...)
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
}
