//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// agent is a client that embeds package proxy.
type agent struct {
	opt    *options
	proxy  *proxy.Proxy
	tell   scribe
	token  string
	status statuses
}

// seat is the agent's number in the fleet: the last bits of its host's address.
func seat() uint64 {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return 0
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() && ip.IP.To4() != nil {
			return uint64(binary.BigEndian.Uint32(ip.IP.To4()))
		}
	}
	return 0
}

// handlers answer what servers ask.
var handlers = pool.Handlers{
	Calls: map[string]pool.CallHandler{
		methodStats: func(_ context.Context, decode func(any) error) (any, error) {
			return stats(), decode(&statsArgs{})
		},
	},
	Streams: map[string]pool.StreamHandler{
		methodLogs: func(ctx context.Context, conn net.Conn) error {
			if err := pool.ReadRequest(conn, &logsArgs{}); err != nil {
				return err
			}
			return tail(ctx, conn, func(line []byte) error { return pool.WriteFrame(conn, line) })
		},
	},
}

// runAgent is the process of an agent; it ends with ctx.
func runAgent(ctx context.Context, opt *options, orders <-chan order, tell scribe, log io.Writer) error {
	logger := zerolog.New(log).With().Timestamp().Logger()
	cfg := proxy.Config{Servers: opt.servers, NodeID: opt.name, FleetIndex: seat(), Logger: logger}
	cfg.Pool.Logger, cfg.Pool.Handlers, cfg.Pool.DrainTimeout = logger, handlers, opt.drain
	p, err := proxy.Start(cfg)
	if err != nil {
		return err
	}
	a := &agent{opt: opt, proxy: p, tell: tell}
	go tellFronts(ctx, p, tell)
	go carryOut(ctx, orders, &a.status, func() {
		if _, err := p.Rebalance(ctx); err != nil {
			logger.Warn().Err(err).Msg("cannot rebalance")
		}
	})
	for ; ; logger.Warn().Err(err).Msg("cannot register") {
		var reply beatReply
		var from messages.Server
		if err = p.Call(ctx, "Node.Register", register(opt.name), &reply, proxy.WithAnsweredBy(&from)); err == nil {
			a.token = *reply.SignedIdentity
			go a.watchAllocs(ctx, logger)
			a.beat(ctx, a.learn(ctx, reply, from))
			return ctx.Err()
		}
		if !pause(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// tellFronts tells which server the proxy's next call goes to, until ctx ends.
func tellFronts(ctx context.Context, p *proxy.Proxy, tell scribe) {
	var front string
	for v := range p.Watch(ctx) {
		if s, ok := v.Active(); ok && s.Addr != front {
			front = s.Addr
			tell <- record{Kind: kindFront, Done: time.Now(), Server: front}
		}
	}
}

// learn hands the reply to a heartbeat to the proxy and returns its TTL.
func (a *agent) learn(ctx context.Context, reply beatReply, from messages.Server) time.Duration {
	_ = a.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{ // refused: the proxy has logged the reason
		Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr, TTL: reply.HeartbeatTTL,
		From: from,
	})
	return reply.HeartbeatTTL
}

// beat sends a heartbeat whenever the TTL of the last one is over.
func (a *agent) beat(ctx context.Context, ttl time.Duration) {
	due, status := time.Now().Add(ttl), a.status.next()
	for pause(ctx, time.Until(due)) {
		r := record{Kind: kindBeat, Due: due, Sent: time.Now()}
		var reply beatReply
		var from messages.Server
		err := a.proxy.Call(ctx, "Node.UpdateStatus", heartbeat(a.opt.name, a.token, status), &reply,
			proxy.WithSoftDeadline(due.Add(a.opt.grace/2)), proxy.WithAnsweredBy(&from))
		r.Done = time.Now()
		if err != nil {
			r.Err = err.Error()
			a.tell <- r
			if !pause(ctx, 100*time.Millisecond) {
				return
			}
			continue
		}
		r.Server, r.TTL = from.Addr, a.learn(ctx, reply, from)
		a.tell <- r
		due, status = r.Done.Add(r.TTL), a.status.next()
	}
}

// watchAllocs keeps one blocking query pending.
func (a *agent) watchAllocs(ctx context.Context, logger zerolog.Logger) {
	var index uint64
	for ctx.Err() == nil {
		var reply queryReply
		err := a.proxy.Call(ctx, "Node.GetClientAllocs", query(a.opt.name, a.token, index), &reply)
		if err == nil {
			index = max(reply.Index, 1)
			continue
		}
		logger.Warn().Err(err).Msg("query failed")
		pause(ctx, time.Second)
	}
}
