package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// What an agent sends all the time, and what it is answered: maps on both ways.
type (
	beat struct {
		Region, NodeID, Status, AuthToken string
	}
	beatServer struct {
		RPCAdvertiseAddr, Datacenter     string
		RPCMajorVersion, RPCMinorVersion int32
	}
	beatReply struct {
		HeartbeatTTL          time.Duration
		Servers               []beatServer
		NumNodes              int32
		LeaderRPCAddr         string
		Index                 uint64
		SchedulingEligibility string
	}
)

func beatOf() beat {
	id := "01234567-89ab-cdef-0123-456789abcdef"
	return beat{Region: "global", NodeID: id, Status: "ready", AuthToken: id}
}

func beatAnswer() *beatReply {
	r := &beatReply{HeartbeatTTL: 15 * time.Second, NumNodes: 12, LeaderRPCAddr: "10.0.0.1:4647", SchedulingEligibility: "eligible"}
	for _, addr := range []string{"10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647"} {
		r.Servers = append(r.Servers, beatServer{RPCAdvertiseAddr: addr, Datacenter: "dc1"})
	}
	return r
}

func startBeatServer(tb testing.TB) *testutil.Server {
	s, answer := startServer(tb), beatAnswer()
	s.Handle("Node.UpdateStatus", func(_ context.Context, r *testutil.Request) (any, error) {
		var args beat
		if err := r.Decode(&args); err != nil {
			return nil, err
		}
		return answer, nil
	})
	return s
}
