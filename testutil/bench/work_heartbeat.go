package main

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

const heartbeatMethod = "Node.UpdateStatus"

// HeartbeatArgs are the arguments of a heartbeat.
type HeartbeatArgs struct {
	Region, NodeID, Status, AuthToken string
}

// HeartbeatReply is the reply to one.
type HeartbeatReply struct {
	HeartbeatTTL          time.Duration
	Servers               []HeartbeatServer
	NumNodes              int32
	LeaderRPCAddr         string
	Index                 uint64
	SchedulingEligibility string
}

// HeartbeatServer is one server of a HeartbeatReply.
type HeartbeatServer struct {
	RPCAdvertiseAddr, Datacenter     string
	RPCMajorVersion, RPCMinorVersion int32
}

// Node is a service of net/rpc.
type Node struct{}

// UpdateStatus answers a heartbeat.
func (Node) UpdateStatus(_ HeartbeatArgs, reply *HeartbeatReply) error {
	*reply = heartbeatReply
	return nil
}

var heartbeatArgs = HeartbeatArgs{
	Region: region, NodeID: "01234567-89ab-cdef-0123-456789abcdef", Status: "ready",
	AuthToken: "fedcba98-7654-3210-fedc-ba9876543210",
}

var heartbeatReply = HeartbeatReply{
	HeartbeatTTL: 15 * time.Second, NumNodes: 12, LeaderRPCAddr: "10.0.0.1:4647", SchedulingEligibility: "eligible",
	Servers: []HeartbeatServer{
		{RPCAdvertiseAddr: "10.0.0.1:4647", Datacenter: "dc1"},
		{RPCAdvertiseAddr: "10.0.0.2:4647", Datacenter: "dc1"},
		{RPCAdvertiseAddr: "10.0.0.3:4647", Datacenter: "dc1"},
	},
}

// answerHeartbeat is UpdateStatus on a server of testutil.
func answerHeartbeat(_ context.Context, r *testutil.Request) (any, error) {
	var args HeartbeatArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	return &heartbeatReply, nil
}

// heartbeatMessage is a heartbeat of the size that Nomad's have.
func heartbeatMessage() (message, error) {
	return newMessage(heartbeatArgs, heartbeatReply, func(ctx context.Context, call caller) error {
		var reply HeartbeatReply
		err := call(ctx, heartbeatMethod, heartbeatArgs, &reply)
		if err == nil && len(reply.Servers) != len(heartbeatReply.Servers) {
			err = fmt.Errorf("%d servers were answered, want %d", len(reply.Servers), len(heartbeatReply.Servers))
		}
		return err
	})
}

// heartbeatWorks are heartbeats by every number of callers.
func heartbeatWorks() (all []work) {
	for _, callers := range []int{1, 16, 128} {
		c := call{heartbeat: true, callers: callers}
		all = append(all, work{name: c.name(), open: c.open})
	}
	return all
}
