package demo

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// heartbeat registers one node and keeps it alive. The proxy learns of the cluster
// by the replies.
type heartbeat struct {
	proxy      *proxy.Proxy
	callers    *callers
	pause      func(context.Context, time.Duration) bool // reports whether to go on
	interval   time.Duration                             // until a server grants a TTL
	token      string                                    // of the next heartbeat
	registered bool
	expires    time.Time // of the TTL; zero: none was granted
}

// The node of the demo.
const (
	nodeID     = "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90"
	nodeSecret = "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15"
)

// heartbeatReply is the part of the reply that the demo reads.
type heartbeatReply struct {
	Servers        []messages.ServerInfo
	NumNodes       int
	LeaderRPCAddr  string
	HeartbeatTTL   time.Duration
	SignedIdentity *string
}

// run sends heartbeats until the callers are finished or ctx ends. They are counted
// like the calls of the callers.
func (h *heartbeat) run(ctx context.Context) {
	for {
		h.callers.do(ctx, h.send)
		if !h.pause(ctx, h.interval) {
			return
		}
	}
}

// send registers the node, the first time, or sends its status.
func (h *heartbeat) send(ctx context.Context) error {
	method, args := "Node.UpdateStatus", map[string]any{
		"Region": "global", "NodeID": nodeID, "Status": "ready", "AuthToken": h.token,
	}
	if !h.registered {
		method, args = "Node.Register", map[string]any{
			"Region": "global",
			"Node": map[string]any{
				"ID": nodeID, "SecretID": nodeSecret, "Name": "demo", "Datacenter": "dc1",
				"Attributes": map[string]string{"nomad.version": "1.11.0"},
			},
		}
	}
	var reply heartbeatReply
	var from messages.Server
	opts := append(h.softDeadline(), proxy.WithAnsweredBy(&from))
	if err := h.proxy.Call(ctx, method, args, &reply, opts...); err != nil {
		return err
	}
	h.registered, h.expires = true, time.Now().Add(reply.HeartbeatTTL)
	if reply.SignedIdentity != nil {
		h.token = *reply.SignedIdentity
	}
	if reply.HeartbeatTTL > 0 {
		h.interval = reply.HeartbeatTTL / 2
	}
	return h.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{
		Servers:       reply.Servers,
		NumNodes:      reply.NumNodes,
		LeaderRPCAddr: reply.LeaderRPCAddr,
		TTL:           reply.HeartbeatTTL,
		From:          from,
	})
}

// softDeadline is the end of the TTL, by which the heartbeat has to be answered.
func (h *heartbeat) softDeadline() []proxy.CallOption {
	if h.expires.IsZero() {
		return nil
	}
	return []proxy.CallOption{proxy.WithSoftDeadline(h.expires)}
}
