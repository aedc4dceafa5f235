package body

import "time"

// PingArgs are the arguments of Status.Ping, and its reply.
type PingArgs struct{}

// Status is a service of net/rpc.
type Status struct{}

// Ping answers with an empty map.
func (Status) Ping(PingArgs, *PingArgs) error { return nil }

// NodeUpdateStatusRequest are the arguments of a heartbeat.
type NodeUpdateStatusRequest struct {
	NodeID, Status string
	NodeEvent      *NodeEvent
	UpdatedAt      int64
	WriteRequest
}

// NodeEvent is what an agent tells of its node; a heartbeat has none.
type NodeEvent struct {
	Message, Subsystem string
	Details            map[string]string
	Timestamp          time.Time
	CreateIndex        uint64
}

// NodeUpdateResponse is the reply to a heartbeat.
type NodeUpdateResponse struct {
	HeartbeatTTL                     time.Duration
	EvalIDs                          []string
	EvalCreateIndex, NodeModifyIndex uint64
	Features                         uint64
	LeaderRPCAddr                    string
	NumNodes                         int32
	Servers                          []*NodeServerInfo
	SchedulingEligibility            string
	QueryMeta
}

// NodeServerInfo is one server of a NodeUpdateResponse.
type NodeServerInfo struct {
	RPCAdvertiseAddr                 string
	RPCMajorVersion, RPCMinorVersion int32
	Datacenter                       string
}

// Node is a service of net/rpc.
type Node struct{}

// UpdateStatus answers a heartbeat.
func (Node) UpdateStatus(_ NodeUpdateStatusRequest, reply *NodeUpdateResponse) error {
	*reply = heartbeatReply
	return nil
}

var heartbeatReply = NodeUpdateResponse{
	HeartbeatTTL: 16*time.Second + 431*time.Millisecond, NodeModifyIndex: index,
	LeaderRPCAddr: "10.42.0.11:4647", NumNodes: 1204, SchedulingEligibility: "eligible", QueryMeta: meta,
	Servers: []*NodeServerInfo{
		{RPCAdvertiseAddr: "10.42.0.11:4647", RPCMajorVersion: 1, RPCMinorVersion: 1, Datacenter: "dc1"},
		{RPCAdvertiseAddr: "10.42.1.11:4647", RPCMajorVersion: 1, RPCMinorVersion: 1, Datacenter: "dc1"},
		{RPCAdvertiseAddr: "10.42.2.11:4647", RPCMajorVersion: 1, RPCMinorVersion: 1, Datacenter: "dc1"},
	},
}

var ping = call("ping", "Status.Ping", &PingArgs{}, &PingArgs{}, func(r *PingArgs) PingArgs { return *r })

var heartbeat = call("heartbeat", "Node.UpdateStatus", &NodeUpdateStatusRequest{
	NodeID: nodeID, Status: "ready", UpdatedAt: began.Unix(), WriteRequest: write,
}, &heartbeatReply, func(r *NodeUpdateResponse) string {
	if n := len(r.Servers); n > 0 {
		return r.Servers[n-1].RPCAdvertiseAddr
	}
	return ""
})
