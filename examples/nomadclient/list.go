package nomadclient

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// connections are what the client has, and keeps in the first step.
type connections interface {
	RPC(region string, addr net.Addr, method string, args, reply any) error
}

// address is a server's, as the client's connections take it.
type address messages.Server

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return a.Addr }

// pinger asks servers over the client's connections whether they answer.
type pinger struct {
	conns  connections
	region string
	token  func() string // the node's own, as it is now
}

// Ping returns when ctx ends. The call ends when its connection does, which knows no context.
func (p pinger) Ping(ctx context.Context, addr string) (time.Duration, error) {
	begin, answered := time.Now(), make(chan error, 1)
	go func() {
		args := map[string]any{"Region": p.region, "AuthToken": p.token()}
		answered <- p.conns.RPC(p.region, address{Addr: addr}, "Status.Ping", args, &struct{}{})
	}()
	select {
	case err := <-answered:
		return time.Since(begin), err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// list takes the place of the client's list of servers.
type list struct{ *proxy.Proxy }

func startList(cfg proxy.Config, p pinger) (list, error) {
	cfg.Region, cfg.Pinger = p.region, p
	started, err := proxy.Start(cfg)
	return list{started}, err
}

// find returns the server for the next call, and the view that it is from.
func (l list) find() (messages.Server, *messages.View, error) {
	view := l.View()
	server, ok := view.Active()
	if !ok {
		return server, view, proxy.ErrNoServers
	}
	return server, view, nil
}

// failed tells of a call that has failed. A server that answered with an error works, unless
// it knows no leader.
func (l list) failed(ctx context.Context, server messages.Server, view *messages.View, err error) error {
	answer, answered := errors.AsType[rpc.ServerError](err)
	leaderless := answered && strings.Contains(string(answer), "No cluster leader")
	if answered && !leaderless {
		return nil
	}
	return l.Send(ctx, messages.FailureNotice{Server: server, Epoch: view.Epoch(), Err: err, NoQuorum: leaderless})
}

// heartbeat is what the client reads of the replies to Node.Register and Node.UpdateStatus.
type heartbeat struct {
	Servers       []messages.ServerInfo
	NumNodes      int
	LeaderRPCAddr string
	HeartbeatTTL  time.Duration
}

// beaten passes on the reply to a heartbeat, which from has answered. It returns when the list is published.
func (l list) beaten(ctx context.Context, reply heartbeat, from messages.Server) error {
	return l.Heartbeat(ctx, messages.HeartbeatUpdate{
		Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr,
		TTL: reply.HeartbeatTTL, From: from,
	})
}

// rebalance asks for a round now, and waits for nothing. Rounds come by themselves, too.
func (l list) rebalance(ctx context.Context) error {
	return l.Send(ctx, messages.RebalanceTick{})
}

// addBackups adds servers that carry calls while no server of the heartbeats does.
func (l list) addBackups(ctx context.Context, addrs ...string) error {
	return l.AddBackup(ctx, addrs...)
}
