package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil"
)

const beatMethod = "Node.UpdateStatus"

// BeatArgs are what an agent says of itself in a heartbeat.
type BeatArgs struct {
	Region, NodeID, Status, AuthToken string
}

// BeatReply is what a server answers to that.
type BeatReply struct {
	HeartbeatTTL          time.Duration
	Servers               []BeatServer
	NumNodes              int32
	LeaderRPCAddr         string
	Index                 uint64
	SchedulingEligibility string
}

// BeatServer is one server of a BeatReply.
type BeatServer struct {
	RPCAdvertiseAddr, Datacenter     string
	RPCMajorVersion, RPCMinorVersion int32
}

// Node answers heartbeats.
type Node struct{}

// UpdateStatus is a method of net/rpc.
func (Node) UpdateStatus(_ BeatArgs, reply *BeatReply) error {
	*reply = beatReply
	return nil
}

var beatArgs = BeatArgs{
	Region: region, NodeID: "01234567-89ab-cdef-0123-456789abcdef", Status: "ready",
	AuthToken: "fedcba98-7654-3210-fedc-ba9876543210",
}

var beatReply = BeatReply{
	HeartbeatTTL: 15 * time.Second, NumNodes: 12, LeaderRPCAddr: "10.0.0.1:4647", SchedulingEligibility: "eligible",
	Servers: []BeatServer{
		{RPCAdvertiseAddr: "10.0.0.1:4647", Datacenter: "dc1"},
		{RPCAdvertiseAddr: "10.0.0.2:4647", Datacenter: "dc1"},
		{RPCAdvertiseAddr: "10.0.0.3:4647", Datacenter: "dc1"},
	},
}

// answerBeat is UpdateStatus on a server of testutil.
func answerBeat(_ context.Context, r *testutil.Request) (any, error) {
	var args BeatArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	return &beatReply, nil
}

// beatMessage is a heartbeat: as nearly all of Nomad's calls it carries a map both
// ways, which the codec writes and reads.
func beatMessage() (message, error) {
	var ask, answer []byte
	if err := codec.NewEncoderBytes(&ask, new(codec.MsgpackHandle)).Encode(beatArgs); err != nil {
		return message{}, err
	}
	if err := codec.NewEncoderBytes(&answer, new(codec.MsgpackHandle)).Encode(beatReply); err != nil {
		return message{}, err
	}
	return message{ask: ask, answer: len(answer), send: func(ctx context.Context, call caller) error {
		var reply BeatReply
		err := call(ctx, beatMethod, beatArgs, &reply)
		if err == nil && len(reply.Servers) != len(beatReply.Servers) {
			err = fmt.Errorf("%d servers were answered, want %d", len(reply.Servers), len(beatReply.Servers))
		}
		return err
	}}, nil
}

// beatWorks are heartbeats by every number of callers.
func beatWorks() (all []work) {
	for _, callers := range []int{1, 16, 128} {
		u := unary{beat: true, callers: callers}
		all = append(all, work{name: u.name(), open: u.open})
	}
	return all
}
