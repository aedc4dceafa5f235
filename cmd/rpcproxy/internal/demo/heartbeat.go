package main

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// beat is the heartbeat of the agent that the demo plays: what servers answer
// to it is how the proxy learns of the cluster.
type beat struct {
	proxy   *proxy.Proxy
	callers *callers
	rest    func(context.Context, time.Duration) bool // false: it is time to end
	every   time.Duration                             // until a server has granted a time
	token   string                                    // what the next heartbeat shows
	known   bool                                      // the node is registered
	until   time.Time                                 // what was granted ends; zero: nothing was
}

// The node that the demo plays.
const (
	nodeID     = "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90"
	nodeSecret = "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15"
)

// beatReply is what the demo reads of the answer to a heartbeat.
type beatReply struct {
	Servers        []messages.ServerInfo
	NumNodes       int
	LeaderRPCAddr  string
	HeartbeatTTL   time.Duration
	SignedIdentity *string
}

// run beats until the callers are finished or ctx ends. Heartbeats are calls
// like those of the callers, and counted with them.
func (b *beat) run(ctx context.Context) {
	for {
		b.callers.do(ctx, b.once)
		if !b.rest(ctx, b.every) {
			return
		}
	}
}

// once registers, the first time, or tells that the node is ready.
func (b *beat) once(ctx context.Context) error {
	method, args := "Node.UpdateStatus", map[string]any{
		"Region": "global", "NodeID": nodeID, "Status": "ready", "AuthToken": b.token,
	}
	if !b.known {
		method, args = "Node.Register", map[string]any{
			"Region": "global",
			"Node": map[string]any{
				"ID": nodeID, "SecretID": nodeSecret, "Name": "demo", "Datacenter": "dc1",
				"Attributes": map[string]string{"nomad.version": "1.11.0"},
			},
		}
	}
	var reply beatReply
	var from messages.Server
	opts := append(b.budget(), proxy.WithAnsweredBy(&from))
	if err := b.proxy.Call(ctx, method, args, &reply, opts...); err != nil {
		return err
	}
	b.known, b.until = true, time.Now().Add(reply.HeartbeatTTL)
	if reply.SignedIdentity != nil {
		b.token = *reply.SignedIdentity
	}
	if reply.HeartbeatTTL > 0 {
		b.every = reply.HeartbeatTTL / 2
	}
	return b.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{
		Servers:       reply.Servers,
		NumNodes:      reply.NumNodes,
		LeaderRPCAddr: reply.LeaderRPCAddr,
		TTL:           reply.HeartbeatTTL,
		From:          from,
	})
}

// budget lets the heartbeat land while the last one holds.
func (b *beat) budget() []proxy.CallOption {
	if b.until.IsZero() {
		return nil
	}
	return []proxy.CallOption{proxy.WithSoftDeadline(b.until)}
}
