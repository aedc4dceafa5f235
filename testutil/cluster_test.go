package testutil

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
)

func serversOf(r nodeReply) (addrs []string) {
	for _, s := range r.Servers {
		addrs = append(addrs, s.RPCAdvertiseAddr)
	}
	slices.Sort(addrs)
	return addrs
}

func TestHeartbeatsNameTheLivingTheLeaderAndTheNumberOfNodes(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{Size: 5})
	stream := dial(t, cluster.Server(4).Addr()).open(modeRPC)
	for _, id := range []string{"a", "b"} {
		if err := stream.call("Node.Register", registration(id), nil); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Kill(1)
	joined, err := cluster.Join()
	if err != nil {
		t.Fatal(err)
	}
	cluster.Leave(2)
	var reply nodeReply
	if err := stream.call("Node.UpdateStatus", heartbeat("a"), &reply); err != nil {
		t.Fatal(err)
	}
	want := []string{cluster.Server(0).Addr(), cluster.Server(3).Addr(), cluster.Server(4).Addr(), joined.Addr()}
	slices.Sort(want)
	if got := serversOf(reply); !slices.Equal(got, want) {
		t.Errorf("it names %v, alive are %v", got, want)
	}
	if reply.NumNodes != 2 || reply.LeaderRPCAddr != cluster.Leader() {
		t.Errorf("it says %+v", reply)
	}
	nodes := map[string]NodeRecord{}
	for _, n := range cluster.Nodes() {
		nodes[n.ID] = n
	}
	if n := nodes[NodeID("a")]; len(nodes) != 2 || n.Heartbeats != 1 || n.Server != cluster.Server(4).Addr() {
		t.Errorf("the cluster knows %+v", nodes)
	}
	if got := len(cluster.Addrs()); got != 5 {
		t.Errorf("%d members are configured", got)
	}
}

func TestHeartbeatsNameTheServersInRandomOrder(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{Size: 4})
	stream := dial(t, cluster.Leader()).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	firsts := map[string]bool{}
	for range 100 { // all four come first once, but for one case in 10^12
		var reply nodeReply
		if err := stream.call("Node.UpdateStatus", heartbeat("a"), &reply); err != nil {
			t.Fatal(err)
		}
		firsts[reply.Servers[0].RPCAdvertiseAddr] = true
	}
	if len(firsts) != 4 {
		t.Errorf("only %v came first", slices.Collect(maps.Keys(firsts)))
	}
}

func TestWhenTheLeaderDiesAnotherIsElectedAndWaitingCallsSucceed(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{ElectionDelay: time.Hour, Server: ServerConfig{RPCHoldTimeout: time.Hour}})
	stream := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	old := cluster.Leader()
	cluster.ServerAt(old).Kill()
	if got := cluster.Leader(); got != "" {
		t.Errorf("%s leads at once", got)
	}
	if err := stream.Send("Status.Leader", dict{}); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return cluster.Server(1).Counts().Requests == 1 })
	cluster.elect()
	var leader string
	_ = stream.SetDeadline(time.Now().Add(patience))
	if err := stream.Receive(&leader); err != nil || leader == old || leader == "" {
		t.Errorf("%s leads after %s: %v", leader, old, err)
	}
}

// elect makes the election that is due in a long time due now.
func (c *Cluster) elect() { c.world.do(func(st *worldState) { st.electAt = time.Now() }) }

func TestAnElectionTakesItsTime(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	before := time.Now()
	cluster.Kill(0)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	leader, err := cluster.AwaitLeader(ctx)
	if d := time.Since(before); err != nil || leader == cluster.Server(0).Addr() || d < 50*time.Millisecond {
		t.Errorf("%s leads after %v: %v", leader, d, err)
	}
}

func TestWithoutQuorumThereIsNoLeaderUntilOneComesBack(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{ElectionDelay: time.Millisecond, Server: ServerConfig{RPCHoldTimeout: moment}})
	cluster.Server(0).Freeze() // the leader
	cluster.Kill(1)
	stream := dial(t, cluster.Server(2).Addr()).open(modeRPC)
	if err := stream.call("Status.Leader", dict{}, nil); err != remoteError(ErrTextNoLeader) {
		t.Errorf("without quorum: %v", err)
	}
	if err := stream.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("a ping without quorum: %v", err)
	}
	if err := cluster.Restart(1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	leader, err := cluster.AwaitLeader(ctx)
	if err != nil || leader == cluster.Server(0).Addr() {
		t.Errorf("with quorum %q leads: %v", leader, err)
	}
	cluster.Server(0).Thaw()
	if got := len(cluster.Live()); got != 3 {
		t.Errorf("%d are alive", got)
	}
}

func TestForAWhileFollowersForwardToTheDeadLeader(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{ElectionDelay: time.Hour, ForwardErrorWindow: time.Hour})
	stream := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	old := cluster.Leader()
	cluster.Kill(0)
	want := remoteError("rpc error: failed to get conn: dial tcp " + old + ": connect: connection refused")
	if err := stream.call("Status.Leader", dict{}, nil); err != want {
		t.Errorf("got %v, want %v", err, want)
	}
	cluster.elect()
	await(t, func() bool { return cluster.Leader() != "" })
	if err := stream.call("Status.Leader", dict{}, nil); err != nil {
		t.Errorf("after the election: %v", err)
	}
}

func TestAStoppedClusterTakesNoFurtherServer(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	stop(t, cluster)
	if _, err := cluster.Join(); err != ErrStopped {
		t.Errorf("joining: %v", err)
	}
	if err := cluster.Restart(0); err != ErrStopped {
		t.Errorf("restarting: %v", err)
	}
	cluster.Kill(0)
	cluster.Server(0).Inject(Mute())
}

func TestTheSameSeedGrantsTheSameTTLs(t *testing.T) {
	grant := func(seed uint64) (ttls [4]time.Duration) {
		s := start(t, ServerConfig{Seed: seed, HeartbeatTTLMin: time.Second, HeartbeatTTLMax: time.Minute})
		stream := dial(t, s.Addr()).open(modeRPC)
		if err := stream.call("Node.Register", registration("a"), nil); err != nil {
			t.Fatal(err)
		}
		for i := range ttls {
			var reply nodeReply
			if err := stream.call("Node.UpdateStatus", heartbeat("a"), &reply); err != nil {
				t.Fatal(err)
			}
			ttls[i] = reply.HeartbeatTTL
		}
		return ttls
	}
	if a, b, c := grant(1), grant(1), grant(2); a != b || a == c {
		t.Errorf("granted %v, %v and with another seed %v", a, b, c)
	}
}

func TestAHandlerThatDoesNotEndDelaysStopOnlyAsLongAsAllowed(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	release := make(chan struct{})
	cluster.Server(1).Handle("My.Stubborn", func(context.Context, *Request) (any, error) {
		<-release
		return nil, nil
	})
	if err := dial(t, cluster.Server(1).Addr()).open(modeRPC).Send("My.Stubborn", dict{}); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return cluster.Server(1).Counts().Methods["My.Stubborn"] == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	if err := cluster.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopping: %v", err)
	}
	if _, err := cluster.Join(); err != ErrStopped {
		t.Errorf("joining while it stops: %v", err)
	}
	close(release)
	stop(t, cluster)
}

func TestAClusterStopsAlsoForWhoHasNoTimeLeft(t *testing.T) {
	VerifyNone(t)
	cluster, err := StartCluster(ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := cluster.Stop(over); err != nil {
		t.Error(err)
	}
}
