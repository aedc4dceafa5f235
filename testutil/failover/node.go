package main

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// The requests and replies of an agent, as they are on the wire.
type (
	registerArgs struct {
		Region string
		Node   node
	}
	node struct {
		ID, SecretID, Name, Datacenter string
		Attributes                     map[string]string
	}
	beatArgs struct {
		Region, NodeID, Status, AuthToken string
	}
	beatReply struct {
		Servers        []messages.ServerInfo
		NumNodes       int
		LeaderRPCAddr  string
		HeartbeatTTL   time.Duration
		SignedIdentity *string
	}
	queryArgs struct {
		Region, NodeID, AuthToken string
		AllowStale                bool
		MinQueryIndex             uint64
		MaxQueryTime              time.Duration
	}
	queryReply struct {
		Index uint64
	}
)

// TimeToBlock tells that a query blocks, and how long.
func (q *queryArgs) TimeToBlock() time.Duration {
	if q.MinQueryIndex == 0 {
		return 0
	}
	return q.MaxQueryTime
}

// IsRead tells that a query changes nothing.
func (q *queryArgs) IsRead() bool { return true }

// longestQuery is how long a client asks a query to be held.
const longestQuery = 5 * time.Minute

func register(name string) *registerArgs {
	return &registerArgs{Region: "global", Node: node{
		ID: name, SecretID: "secret-of-" + name, Name: name, Datacenter: "dc1",
		Attributes: map[string]string{"nomad.version": "2.0.6"},
	}}
}

func heartbeat(name, token string) *beatArgs {
	return &beatArgs{Region: "global", NodeID: name, Status: "ready", AuthToken: token}
}

func query(name, token string, index uint64) *queryArgs {
	return &queryArgs{
		Region: "global", NodeID: name, AuthToken: token,
		AllowStale: index > 0, MinQueryIndex: index, MaxQueryTime: longestQuery,
	}
}
