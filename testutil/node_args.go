package testutil

import "time"

// registerArgs and the like hold the fields this server looks at; the others of
// a real request are ignored.
type registerArgs struct {
	Region, AuthToken string
	Node              *registeredNode
}

type registeredNode struct {
	ID, SecretID, Datacenter, Name, Status, NodePool, NodeClass string
	Attributes                                                  map[string]string
}

type updateStatusArgs struct {
	Region, NodeID, Status, AuthToken string
	ForceIdentityRenewal              bool
}

type nodeSpecificArgs struct {
	Region, NodeID, AuthToken string
	AllowStale                bool
	MinQueryIndex             uint64
	MaxQueryTime              time.Duration
}

type updateAllocArgs struct {
	Region, AuthToken string
	Alloc             []struct{ ID, NodeID string }
	Evals             []any
}

// nodeReply answers Node.Register, Node.UpdateStatus and Node.Deregister.
type nodeReply struct {
	EvalCreateIndex       uint64
	EvalIDs               []string
	Features              uint64
	HeartbeatTTL          time.Duration
	Index                 uint64
	KnownLeader           bool
	LastContact           time.Duration
	LeaderRPCAddr         string
	NextToken             string
	NodeModifyIndex       uint64
	NumNodes              int
	SchedulingEligibility string
	Servers               []ServerInfo
	SignedIdentity        *string
}

type clientAllocsReply struct {
	Allocs        map[string]uint64
	Index         uint64
	KnownLeader   bool
	LastContact   time.Duration
	MigrateTokens map[string]string
	NextToken     string
}

type singleNodeReply struct {
	Index       uint64
	KnownLeader bool
	LastContact time.Duration
	NextToken   string
	Node        *nodeView
}

type writeReply struct{ Index uint64 }

type nodeConnReply struct {
	Connected   bool
	Established time.Time
	Index       uint64
	KnownLeader bool
	LastContact time.Duration
	NextToken   string
}

type raftStatsReply struct {
	LastContact         string
	LastIndex, LastTerm uint64
}
