package testutil

import (
	"testing"
	"time"
)

func TestOnlyARegisteredNodeWithItsTokenMayHeartbeat(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Node.UpdateStatus", heartbeat("a"), nil); err != remoteError(ErrTextPermissionDenied) {
		t.Errorf("an unknown node: %v", err)
	}
	var registered nodeReply
	if err := stream.call("Node.Register", registration("a"), &registered); err != nil {
		t.Fatal(err)
	}
	other := registration("a")
	other["Node"].(dict)["SecretID"] = "another"
	if err := stream.call("Node.Register", other, nil); err != remoteError(ErrTextSecretMismatch) {
		t.Errorf("another secret: %v", err)
	}
	beat := heartbeat("a")
	beat["AuthToken"] = *registered.SignedIdentity
	for _, b := range []dict{heartbeat("a"), beat} {
		if err := stream.call("Node.UpdateStatus", b, nil); err != nil {
			t.Errorf("%v: %v", b, err)
		}
	}
	if !s.Purge(NodeID("a")) || s.Purge(NodeID("a")) {
		t.Error("purging")
	}
	if err := stream.call("Node.UpdateStatus", beat, nil); err != remoteError(ErrTextNodeNotFound) {
		t.Errorf("a purged node with its identity: %v", err)
	}
	if err := stream.call("Node.UpdateStatus", heartbeat("a"), nil); err != remoteError(ErrTextPermissionDenied) {
		t.Errorf("a purged node with its secret: %v", err)
	}
}

func TestANodeThatReportsDownIsGrantedNothing(t *testing.T) {
	stream := dial(t, start(t, ServerConfig{}).Addr()).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	down := heartbeat("a")
	down["Status"] = "down"
	var reply nodeReply
	if err := stream.call("Node.UpdateStatus", down, &reply); err != nil || reply.HeartbeatTTL != 0 {
		t.Errorf("granted %v, %v", reply.HeartbeatTTL, err)
	}
}

func TestALateHeartbeatIsCounted(t *testing.T) {
	s := start(t, ServerConfig{HeartbeatTTLMax: time.Nanosecond})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := stream.call("Node.UpdateStatus", heartbeat("a"), nil); err != nil {
		t.Fatal(err)
	}
	if n := s.Nodes()[0]; n.Late != 1 || n.Heartbeats != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestABlockingQueryEndsWithItsTimeOrWithAChange(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	query := dict{"Region": "global", "NodeID": NodeID("a"), "AuthToken": "secret-a"}
	var first, second, third clientAllocsReply
	if err := stream.call("Node.GetClientAllocs", query, &first); err != nil || first.Index == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	query["MinQueryIndex"], query["MaxQueryTime"] = first.Index, moment
	before := time.Now()
	if err := stream.call("Node.GetClientAllocs", query, &second); err != nil || second.Index != first.Index {
		t.Errorf("%+v, %v", second, err)
	}
	if d := time.Since(before); d < moment {
		t.Errorf("it blocked for %v", d)
	}
	query["MaxQueryTime"] = time.Minute
	if err := stream.Send("Node.GetClientAllocs", query); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return s.Counts().Methods["Node.GetClientAllocs"] == 3 })
	index, ok := s.SetAllocs(NodeID("a"), map[string]uint64{"x": 7})
	if !ok || index <= first.Index {
		t.Fatalf("index %d, %v", index, ok)
	}
	_ = stream.SetDeadline(time.Now().Add(patience))
	if err := stream.Receive(&third); err != nil || third.Index != index || third.Allocs["x"] != 7 {
		t.Errorf("%+v, %v", third, err)
	}
	if _, ok := s.SetAllocs(NodeID("b"), nil); ok {
		t.Error("allocations for an unknown node")
	}
}

func TestAServerStopsWhileAQueryBlocks(t *testing.T) {
	s := start(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := stream.Send("Node.GetClientAllocs", dict{
		"Region": "global", "NodeID": NodeID("a"), "AuthToken": "secret-a", "MinQueryIndex": 1,
	}); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return s.Counts().Methods["Node.GetClientAllocs"] == 1 })
	stop(t, s)
}

func TestAClusterSharesItsNodesAndTheirWork(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	if err := dial(t, cluster.Server(1).Addr()).open(modeRPC).call("Node.Register", registration("a"), nil); err != nil {
		t.Fatal(err)
	}
	if _, ok := cluster.SetAllocs(NodeID("a"), map[string]uint64{"x": 1}); !ok {
		t.Error("the node is not known")
	}
	var reply clientAllocsReply
	stream := dial(t, cluster.Server(2).Addr()).open(modeRPC)
	query := dict{"Region": "global", "NodeID": NodeID("a"), "AuthToken": "secret-a"}
	if err := stream.call("Node.GetClientAllocs", query, &reply); err != nil || reply.Allocs["x"] != 1 {
		t.Errorf("another server tells %+v, %v", reply, err)
	}
	if !cluster.Purge(NodeID("a")) {
		t.Error("the node could not be purged")
	}
	want := remoteError("rpc error: " + ErrTextPermissionDenied)
	if err := stream.call("Node.GetClientAllocs", query, nil); err != want {
		t.Errorf("after the purge: %v", err)
	}
}
