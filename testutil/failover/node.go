package main

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"
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

// TimeToBlock reports whether a query blocks, and how long.
func (q *queryArgs) TimeToBlock() time.Duration {
	if q.MinQueryIndex == 0 {
		return 0
	}
	return q.MaxQueryTime
}

// IsRead reports whether a query changes nothing.
func (q *queryArgs) IsRead() bool { return true }

// nodeID is the UUID of the node with that name.
func nodeID(name string) string {
	h := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// longestQuery is the hold time that a client asks for.
const longestQuery = 5 * time.Minute

func register(name string) *registerArgs {
	return &registerArgs{Region: "global", Node: node{
		ID: nodeID(name), SecretID: "secret-of-" + name, Name: name, Datacenter: "dc1",
		Attributes: map[string]string{"nomad.version": "2.0.6"},
	}}
}

func heartbeat(name, token, status string) *beatArgs {
	return &beatArgs{Region: "global", NodeID: nodeID(name), Status: status, AuthToken: token}
}

// statuses gives the status for a node's next heartbeats.
type statuses struct {
	write atomic.Bool // each heartbeat changes it, which Raft must write
	odd   bool        // the goroutine that sends the heartbeats
}

// next is the status of the next heartbeat, which is repeated until it succeeds.
func (s *statuses) next() string {
	if s.odd = !s.odd && s.write.Load(); s.odd {
		return "initializing"
	}
	return "ready"
}

func query(name, token string, index uint64) *queryArgs {
	return &queryArgs{
		Region: "global", NodeID: nodeID(name), AuthToken: token,
		AllowStale: index > 0, MinQueryIndex: index, MaxQueryTime: longestQuery,
	}
}
