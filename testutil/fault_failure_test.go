package testutil

import (
	"strings"
	"testing"
)

func TestEachFailureToForwardHasItsWordsAndItsTruth(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	follower, leader := cluster.Server(1), cluster.Server(0)
	to, from := leader.Addr(), "127.0.0.1:"+forwardPort
	texts := map[Failure]string{
		FailStreamClosed:       "stream closed",
		FailStartStream:        "failed to start stream: session shutdown",
		FailDial:               "failed to get conn: dial tcp " + to + ": connect: connection refused",
		FailSessionShutdown:    "session shutdown",
		FailWriteReset:         "write tcp " + from + "->" + to + ": write: connection reset by peer",
		FailReadReset:          "read tcp " + from + "->" + to + ": read: connection reset by peer",
		FailConnReset:          "connection reset",
		FailEOF:                "EOF",
		FailTransfer:           "leadership transfer in progress",
		FailNotLeader:          "node is not the leader",
		FailRaftShutdown:       "raft is already shutdown",
		FailLeadershipLost:     "leadership lost while committing log",
		FailHeartbeatNotLeader: "failed to reset heartbeat since server is not leader",
		FailKeyring:            "failed to sign node identity claims: keyring has not been initialized yet",
	}
	ran := map[Failure][2]int{ // how often it ran, and with Executed
		FailStreamClosed: {0, 0}, FailStartStream: {0, 0}, FailDial: {0, 0}, FailKeyring: {0, 0},
		FailHeartbeatNotLeader: {1, 1},
	}
	for _, f := range Failures() {
		want, ok := ran[f]
		if !ok {
			want = [2]int{0, 1}
		}
		for i, fault := range []Fault{ForwardFailure(f), ForwardFailure(f).Executed()} {
			id := fault.String() + string(rune('a'+i))
			follower.Inject(fault.On("Echo.Count").Times(1))
			err := dial(t, follower.Addr()).open(modeRPC).call("Echo.Count", dict{"ID": id}, nil)
			if err != remoteError("rpc error: "+texts[f]) {
				t.Errorf("%v: %v", f, err)
			}
			if n := follower.Executions(id); n != want[i] {
				t.Errorf("%v: ran %d times, want %d", fault, n, want[i])
			}
		}
	}
	if len(texts) != len(Failures()) {
		t.Errorf("%d failures, %d texts", len(Failures()), len(texts))
	}
}

func TestAFailureComesOverAsManyHopsAndInAsMuchPaperAsWanted(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	for _, tc := range []struct {
		server int
		fault  Fault
		want   string
	}{
		{0, ForwardFailure(FailTransfer), "leadership transfer in progress"},
		{0, ForwardFailure(FailEOF), "rpc error: EOF"},
		{1, ForwardFailure(FailTransfer), "rpc error: leadership transfer in progress"},
		{1, ForwardFailure(FailTransfer).Hops(0), "leadership transfer in progress"},
		{1, ForwardFailure(FailEOF).Hops(2), "rpc error: rpc error: EOF"},
		{0, ForwardFailure(FailNotLeader).Wrapped(WrapMulti), "1 error occurred:\n\t* node is not the leader\n\n"},
		{1, ForwardFailure(FailRaftShutdown).Wrapped(WrapRaftApply), "rpc error: raft apply failed: raft is already shutdown"},
	} {
		s := cluster.Server(tc.server)
		s.Inject(tc.fault.Times(2))
		c := dial(t, s.Addr())
		if err := c.open(modeRPC).call("Status.Ping", dict{}, nil); err != remoteError(tc.want) {
			t.Errorf("%v: %v", tc.fault, err)
		}
		if ack := c.open(modeStreaming).startStreaming("Echo.Stream", dict{}); ack.Error != tc.want {
			t.Errorf("%v, streaming: %q", tc.fault, ack.Error)
		}
	}
	if s := ForwardFailure(FailEOF).On("A.B").String(); !strings.Contains(s, `"EOF" on A.B`) {
		t.Error(s)
	}
}

func TestARequestThatFailsByItselfReportsThatAlsoWithAFailureInjected(t *testing.T) {
	s := start(t, ServerConfig{})
	s.Inject(ForwardFailure(FailLeadershipLost).Executed())
	err := dial(t, s.Addr()).open(modeRPC).call("Node.UpdateStatus", heartbeat("nobody"), nil)
	if err != remoteError(ErrTextPermissionDenied) {
		t.Error(err)
	}
}
