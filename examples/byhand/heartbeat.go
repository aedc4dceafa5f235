package main

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

const (
	nodeID   = "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90"
	secretID = "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15"
)

// nodeReply has the fields that the agent reads of the replies to Node.Register and Node.UpdateStatus.
type nodeReply struct {
	Servers        []messages.ServerInfo
	NumNodes       int
	LeaderRPCAddr  string
	HeartbeatTTL   time.Duration
	SignedIdentity *string // shown as AuthToken from then on
}

func register(ctx context.Context, p *proxy.Proxy) (reply nodeReply, err error) {
	err = p.Call(ctx, "Node.Register", map[string]any{"Region": "global", "Node": map[string]any{
		"ID": nodeID, "SecretID": secretID, "Name": "worker-1", "Datacenter": "dc1", "Status": "initializing",
		"Attributes": map[string]string{"nomad.version": "2.0.6"},
	}}, &reply)
	return reply, err
}

// beat sends a heartbeat that should be answered by due, the end of the TTL, and passes the reply and its server on to the proxy.
func beat(ctx context.Context, p *proxy.Proxy, token string, due time.Time) (reply nodeReply, err error) {
	var from messages.Server
	err = p.Call(ctx, "Node.UpdateStatus", map[string]any{
		"Region": "global", "NodeID": nodeID, "Status": "ready", "AuthToken": token,
	}, &reply, proxy.WithSoftDeadline(due), proxy.WithAnsweredBy(&from))
	if err != nil {
		return reply, err
	}
	return reply, p.Heartbeat(ctx, messages.HeartbeatUpdate{
		Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr,
		TTL: reply.HeartbeatTTL, From: from,
	})
}
