package testutil

import (
	"maps"
	"net"
	"testing"
)

func TestExecutionsAreCountedByIDOverTheWholeCluster(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	for i, s := range cluster.Servers() {
		var reply EchoCount
		err := dial(t, s.Addr()).open(modeRPC).call("Echo.Count", dict{"ID": "a"}, &reply)
		if want := (EchoCount{ID: "a", Count: i + 1, Server: s.Addr()}); err != nil || reply != want {
			t.Errorf("replied %+v, %v, want %+v", reply, err, want)
		}
	}
	stream := dial(t, cluster.Leader()).open(modeRPC)
	if err := stream.call("Echo.Once", dict{"ID": "b"}, nil); err != nil {
		t.Errorf("the first time: %v", err)
	}
	if err := stream.call("Echo.Once", dict{"ID": "b"}, nil); err != remoteError(`request "b" ran 2 times`) {
		t.Errorf("the second time: %v", err)
	}
	if got := cluster.ExecutionCounts(); !maps.Equal(got, map[string]int{"a": 3, "b": 2}) || cluster.Executions("a") != 3 {
		t.Errorf("counted %v", got)
	}
}

func TestForgottenExecutionsCountFromTheStart(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	stream := dial(t, cluster.Leader()).open(modeRPC)
	run := func(id string) {
		t.Helper()
		if err := stream.call("Echo.Count", dict{"ID": id}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "a", "b", "c"} {
		run(id)
	}
	if got := cluster.ForgetExecutions("a", "b", "never"); !maps.Equal(got, map[string]int{"a": 2, "b": 1}) {
		t.Errorf("forgot %v", got)
	}
	run("a")
	if got := cluster.ExecutionCounts(); !maps.Equal(got, map[string]int{"a": 1, "c": 1}) {
		t.Errorf("left %v", got)
	}
}

func TestMembersReportTheServersThatAreAlive(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	cluster.Kill(2)
	var reply membersReply
	if err := dial(t, cluster.Leader()).open(modeRPC).call("Status.Members", dict{}, &reply); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range reply.Members {
		got[m.Name] = m.Status
		if m.Tags["build"] != "2.0.6" || net.JoinHostPort(m.Tags["rpc_addr"], m.Tags["port"]) != m.Name || !net.IP(m.Addr).IsLoopback() || len(m.Addr) != net.IPv6len {
			t.Errorf("member %+v", m)
		}
	}
	want := map[string]string{cluster.Server(0).Addr(): "alive", cluster.Server(1).Addr(): "alive", cluster.Server(2).Addr(): "failed"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
