package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The node that the agent stands for.
const (
	nodeID     = "2a9e7c10-5d0b-4f6e-9b57-c3d1e8f60b42"
	nodeSecret = "e41f0c6d-8a72-4b19-a05c-7f9d2b3e6c88"
	grace      = 4 * time.Second // what a cluster allows beyond the TTL
)

// agent does what every client of a cluster does: it heartbeats, tells the proxy
// what was answered, and has one blocking query pending.
type agent struct {
	callers  *callers
	identity atomic.Pointer[string] // nil until the node is registered
	known    chan struct{}          // closed when it is
}

func newAgent(c *callers) *agent { return &agent{callers: c, known: make(chan struct{})} }

// start begins the agent's goroutines, which end with the callers.
func (a *agent) start() {
	a.callers.group.Go(a.beat)
	a.callers.group.Go(a.ask)
}

// beatReply has the fields that are read of the answer to a heartbeat.
type beatReply struct {
	Servers        []messages.ServerInfo
	NumNodes       int
	LeaderRPCAddr  string
	HeartbeatTTL   time.Duration
	SignedIdentity *string
}

// reregister is after how many heartbeats the node registers again.
const reregister = 8

// beat sends a heartbeat whenever the TTL of the last one is over, not before.
func (a *agent) beat() {
	var due time.Time // zero: the node was never registered
	for n, wait := 0, time.Duration(0); n == 0 || a.callers.rest(wait); n++ {
		var reply beatReply
		begin := time.Now()
		err := a.callers.do(heartbeat, "", func(ctx context.Context) error { return a.once(ctx, n, due, &reply) })
		now := time.Now()
		if was := due; !was.IsZero() {
			a.callers.ledger.visit(func(p *page) {
				p.suspect(was, now, grace, func(excess time.Duration) {
					p.breaches.add(late, "a heartbeat that was due at %.3fs took %v beyond the grace: %v; faults meanwhile:%s",
						was.Sub(p.begun).Seconds(), excess, err, p.journal.during(was.Add(-time.Second), now))
				})
			})
		}
		if wait = time.Second; err == nil {
			due = begin.Add(reply.HeartbeatTTL)
			wait = time.Until(due)
		}
	}
}

// once registers the node or tells that it is ready.
func (a *agent) once(ctx context.Context, n int, due time.Time, reply *beatReply) error {
	method, args := "Node.Register", map[string]any{
		"Region": "global",
		"Node": map[string]any{
			"ID": nodeID, "SecretID": nodeSecret, "Name": "soak", "Datacenter": "dc1",
			"Attributes": map[string]string{"nomad.version": "1.11.0"},
		},
	}
	identity := a.identity.Load()
	if identity != nil && n%reregister != 0 {
		method, args = "Node.UpdateStatus", map[string]any{
			"Region": "global", "NodeID": nodeID, "Status": "ready", "AuthToken": *identity,
		}
	}
	var opts []proxy.CallOption
	if !due.IsZero() {
		opts = append(opts, proxy.WithSoftDeadline(due.Add(grace/2)))
	}
	if err := a.callers.proxy.Call(ctx, method, args, reply, opts...); err != nil {
		return err
	}
	if reply.HeartbeatTTL <= 0 || len(reply.Servers) == 0 {
		return &corruptError{wanted: "a TTL and servers", got: fmt.Sprintf("%+v", *reply)}
	}
	if reply.SignedIdentity != nil {
		if a.identity.Swap(reply.SignedIdentity) == nil {
			close(a.known)
		}
	}
	return a.callers.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{
		Servers:       reply.Servers,
		NumNodes:      reply.NumNodes,
		LeaderRPCAddr: reply.LeaderRPCAddr,
		TTL:           reply.HeartbeatTTL,
	})
}

// blockFor is how long a server is asked to hold the blocking query.
const blockFor = 5 * time.Second

// allocsReply has the fields that are read of the answer to the blocking query.
type allocsReply struct {
	Allocs map[string]uint64
	Index  uint64
}

// ask has one blocking query pending, again and again.
func (a *agent) ask() {
	select {
	case <-a.known:
	case <-a.callers.quit:
		return
	}
	index := uint64(1)
	for a.callers.rest(time.Millisecond) {
		_ = a.callers.do(query, "", func(ctx context.Context) error {
			var reply allocsReply
			err := a.callers.proxy.Call(ctx, "Node.GetClientAllocs", map[string]any{
				"Region": "global", "NodeID": nodeID, "AuthToken": *a.identity.Load(),
				"MinQueryIndex": index, "MaxQueryTime": blockFor,
			}, &reply)
			if err != nil {
				return err
			}
			if reply.Index < index || index > 1 && len(reply.Allocs) == 0 {
				return &corruptError{wanted: fmt.Sprintf("allocations of index %d or newer", index), got: fmt.Sprintf("%+v", reply)}
			}
			index = reply.Index
			return nil
		})
	}
}

// schedule changes the node's allocations now and then until quit is closed, so
// that the blocking query has something to answer.
func schedule(c *testutil.Cluster, quit <-chan struct{}) {
	tick := time.NewTicker(1700 * time.Millisecond)
	defer tick.Stop()
	for n := uint64(1); ; n++ {
		select {
		case <-tick.C:
			c.SetAllocs(nodeID, map[string]uint64{"alloc": n})
		case <-quit:
			return
		}
	}
}
