package testutil

import (
	"testing"
	"time"
)

func TestATransferRefusesWritesAndKillsNoServer(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{TransferDelay: time.Hour})
	old := cluster.Leader()
	streams := []*rpcStream{dial(t, old).open(modeRPC), dial(t, cluster.Server(1).Addr()).open(modeRPC)} // so many hops each
	for _, s := range streams {
		if err := s.call("Node.Register", registration("a"), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.call("Node.UpdateStatus", heartbeat("a"), nil); err != nil {
			t.Fatal(err)
		}
	}
	successor := cluster.TransferLeadership()
	if successor == "" || successor == old || cluster.Leader() != old {
		t.Fatalf("from %s to %q, %s leads", old, successor, cluster.Leader())
	}
	for hops, s := range streams {
		refused := remoteError(ErrTextHops(hops, ErrTextTransferInProgress))
		for _, write := range []struct {
			method string
			args   dict
		}{
			{"Node.Register", registration("a")},
			{"Node.UpdateStatus", with(heartbeat("a"), "Status", "down")},
			{"Echo.Write", dict{"ID": "x"}},
			{"Node.Deregister", dict{"Region": "global", "NodeID": NodeID("a")}},
		} {
			if err := s.call(write.method, write.args, nil); err != refused {
				t.Errorf("%s: %v", write.method, err)
			}
		}
		for _, method := range []string{"Status.Ping", "Status.Leader"} {
			if err := s.call(method, dict{}, nil); err != nil {
				t.Errorf("%s: %v", method, err)
			}
		}
		if err := s.call("Node.UpdateStatus", heartbeat("a"), nil); err != nil {
			t.Errorf("a heartbeat that changes nothing: %v", err)
		}
	}
	cluster.endTransfer()
	ctx := contextFor(t)
	if err := cluster.AwaitLeadership(ctx, successor); err != nil {
		t.Fatal(err)
	}
	for _, s := range streams {
		if err := s.call("Echo.Write", dict{"ID": "x"}, nil); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	if n := cluster.Executions("x"); n != 2 || len(cluster.Live()) != 3 {
		t.Errorf("ran %d times, %d alive", n, len(cluster.Live()))
	}
}

func TestATransferComesToNothingWhenTheSuccessorOrTheLeaderDies(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{Size: 5, TransferDelay: time.Hour, ElectionDelay: time.Millisecond})
	old := cluster.Leader()
	cluster.ServerAt(cluster.TransferLeadership()).Kill()
	stream := dial(t, old).open(modeRPC)
	if err := stream.call("Echo.Write", dict{"ID": "x"}, nil); err != nil || cluster.Leader() != old {
		t.Errorf("%v, %s leads", err, cluster.Leader())
	}
	cluster.TransferLeadership()
	cluster.ServerAt(old).Kill()
	leader, err := cluster.AwaitLeader(contextFor(t))
	if err != nil || leader == old {
		t.Fatalf("%s leads: %v", leader, err)
	}
	if err := dial(t, leader).open(modeRPC).call("Echo.Write", dict{"ID": "x"}, nil); err != nil {
		t.Error(err)
	}
}

func TestWithoutAnybodyToTakeOverThereIsNoTransfer(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{Size: 1})
	if to := cluster.TransferLeadership(); to != "" {
		t.Errorf("to %s", to)
	}
	cluster.Kill(0)
	if to, s := cluster.TransferLeadership(), cluster.StopLeader(); to != "" || s != nil {
		t.Errorf("to %s, stopped %v", to, s)
	}
}

func TestTheFirstCallAfterALeaderIsGoneTellsHowItWent(t *testing.T) {
	for want, end := range map[string]func(*Cluster){
		ErrTextStreamClosed: func(c *Cluster) { c.StopLeader() },
		ErrTextEOF:          func(c *Cluster) { c.Kill(0) },
	} {
		cluster := startCluster(t, ClusterConfig{ElectionDelay: time.Hour, ForwardErrorWindow: time.Hour})
		used, fresh := dial(t, cluster.Server(1).Addr()).open(modeRPC), dial(t, cluster.Server(2).Addr()).open(modeRPC)
		if err := used.call("Echo.Write", dict{"ID": "x"}, nil); err != nil {
			t.Fatal(err)
		}
		old := cluster.Leader()
		end(cluster)
		for i, want := range []string{"rpc error: " + want, ErrTextForwardRefused(old), ErrTextForwardRefused(old)} {
			if err := used.call("Echo.Write", dict{"ID": "x"}, nil); err != remoteError(want) {
				t.Errorf("call %d: %v, want %s", i, err, want)
			}
		}
		if err := fresh.call("Echo.Write", dict{"ID": "x"}, nil); err != remoteError(ErrTextForwardRefused(old)) {
			t.Errorf("a follower without a stream to it: %v", err)
		}
		cluster.elect()
		if _, err := cluster.AwaitLeader(contextFor(t)); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*rpcStream{used, fresh} {
			if err := s.call("Echo.Write", dict{"ID": "x"}, nil); err != nil {
				t.Error(err)
			}
		}
		if n := cluster.Executions("x"); n != 3 {
			t.Errorf("ran %d times, want 3: those that were refused did not", n)
		}
	}
}

func TestAStoppedLeaderRefusesUntilTheElectionWithoutAWindowToo(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{ElectionDelay: time.Hour})
	stream := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	stopped := cluster.StopLeader()
	if err := stream.call("Echo.Write", dict{"ID": "x"}, nil); err != remoteError(ErrTextForwardRefused(stopped.Addr())) {
		t.Error(err)
	}
}

func TestAQueryThatBlocksThroughAFollowerEndsWithTheLeader(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{ElectionDelay: time.Hour})
	stream := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	query := dict{"Region": "global", "NodeID": NodeID("a"), "AuthToken": identityOf(t, stream, "a"), "MinQueryIndex": 1, "MaxQueryTime": time.Hour}
	if err := stream.Send("Node.GetClientAllocs", query); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return cluster.Server(1).Counts().Methods["Node.GetClientAllocs"] == 1 })
	stale := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	if err := stale.Send("Node.GetClientAllocs", with(query, "AllowStale", true)); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return cluster.NodeConns(NodeID("a")).Open == 2 }) // it blocks now
	cluster.Kill(0)
	_ = stream.SetDeadline(time.Now().Add(patience))
	if err := stream.Receive(nil); err != remoteError(ErrTextForwardEOF) && err != remoteError(ErrTextNoLeader) {
		t.Errorf("the consistent one: %v", err)
	}
	cluster.SetAllocs(NodeID("a"), map[string]uint64{"x": 1})
	_ = stale.SetDeadline(time.Now().Add(patience))
	if err := stale.Receive(nil); err != nil {
		t.Errorf("the stale one: %v", err)
	}
}

func TestAClusterIsBornWithoutALeaderAndThenWithoutAKeyring(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{FirstElection: time.Hour, KeyringDelay: time.Hour, Server: ServerConfig{RPCHoldTimeout: time.Millisecond}})
	stream := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != remoteError(ErrTextNoLeader) || cluster.Leader() != "" {
		t.Errorf("%v, %s leads", err, cluster.Leader())
	}
	cluster.elect()
	leader, err := cluster.AwaitLeader(contextFor(t))
	if err != nil {
		t.Fatal(err)
	}
	stream = dial(t, leader).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != remoteError(ErrTextNoKeyring) {
		t.Error(err)
	}
	if len(cluster.Nodes()) != 0 {
		t.Error("it was registered all the same")
	}
	unversioned := with(registration("b"), "Node.Attributes", dict{"a": "b"})
	if err := stream.call("Node.Register", unversioned, nil); err != nil {
		t.Errorf("one that needs no identity: %v", err)
	}
	cluster.haveKeyring()
	if err := stream.call("Node.Register", registration("a"), nil); err != nil {
		t.Error(err)
	}
}

func TestAfterAnElectionHeartbeatsMayBeLate(t *testing.T) {
	for patient, late := range map[time.Duration]int{0: 1, time.Hour: 0} {
		cluster := startCluster(t, ClusterConfig{
			FailoverTTL: patient, ElectionDelay: time.Nanosecond, Server: ServerConfig{HeartbeatTTLMax: time.Nanosecond},
		})
		cluster.Kill(0)
		leader, err := cluster.AwaitLeader(contextFor(t))
		if err != nil {
			t.Fatal(err)
		}
		stream := dial(t, leader).open(modeRPC)
		identityOf(t, stream, "a")
		if err := stream.call("Node.UpdateStatus", heartbeat("a"), nil); err != nil || cluster.Nodes()[0].Late != late {
			t.Errorf("%v: %+v, %v", patient, cluster.Nodes()[0], err)
		}
	}
}
