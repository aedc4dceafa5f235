package testutil

import (
	"slices"
	"testing"
)

func TestClientsAreToldTheAddressThatAServerAdvertises(t *testing.T) {
	const elsewhere = "192.0.2.7:4647"
	cluster := startCluster(t, ClusterConfig{Size: 1, Server: ServerConfig{Advertise: elsewhere, Version: "1.9.1"}})
	stream := dial(t, cluster.Server(0).Addr()).open(modeRPC)
	ask := dict{"Region": "global"}
	var leader string
	var peers []string
	var members membersReply
	for method, reply := range map[string]any{"Status.Leader": &leader, "Status.Peers": &peers, "Status.Members": &members} {
		if err := stream.call(method, ask, reply); err != nil {
			t.Fatal(err)
		}
	}
	var node nodeReply
	if err := stream.call("Node.Register", registration("a"), &node); err != nil {
		t.Fatal(err)
	}
	tags := members.Members[0].Tags
	if leader != elsewhere || !slices.Equal(peers, []string{elsewhere}) || tags["rpc_addr"] != "192.0.2.7" || tags["port"] != "4647" ||
		tags["build"] != "1.9.1" || node.LeaderRPCAddr != elsewhere || node.Servers[0].RPCAdvertiseAddr != elsewhere {
		t.Errorf("leader %s, peers %v, member %v, heartbeat %+v", leader, peers, tags, node)
	}
}

// Nomad's Status.Members wants node:read where there are ACLs; the other reads of a
// server's state do not.
func TestMembersAreShownToBearersOfATokenOnly(t *testing.T) {
	s := start(t, ServerConfig{Tokens: []string{"known"}})
	stream := dial(t, s.Addr()).open(modeRPC)
	for token, want := range map[string]error{"": remoteError(ErrTextPermissionDenied), "other": remoteError(ErrTextPermissionDenied), "known": nil} {
		if err := stream.call("Status.Members", dict{"AuthToken": token}, nil); err != want {
			t.Errorf("%q: %v, want %v", token, err, want)
		}
		if err := stream.call("Status.Peers", dict{"AuthToken": token}, nil); err != nil {
			t.Errorf("%q: %v", token, err)
		}
	}
}
