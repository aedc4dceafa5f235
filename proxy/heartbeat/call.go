package heartbeat

import (
	"context"
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// The arguments of the two calls. The field names are those on the wire.
type (
	registerArgs struct {
		Region, AuthToken string
		Node              any
	}
	statusArgs struct {
		Region, AuthToken, NodeID, Status string
		ForceIdentityRenewal              bool
	}
)

// result is how a call ended.
type result struct {
	at    time.Time
	reply *nodeReply
	from  messages.Server
	err   error
}

// args are the arguments of a call, from the current state.
func (l *loop) args(c call) any {
	cfg := &l.h.cfg
	if c.kind == register {
		return registerArgs{Region: cfg.Region, AuthToken: c.token, Node: l.node}
	}
	return statusArgs{
		Region: cfg.Region, AuthToken: c.token, NodeID: cfg.NodeID, Status: l.status, ForceIdentityRenewal: c.renew,
	}
}

// makeCall makes a call, gives a good reply to the proxy, and returns the result.
func (h *Heartbeat) makeCall(c call, args any) result {
	ctx, cancel := context.WithDeadline(h.life, c.until)
	defer cancel()
	r := result{reply: new(nodeReply)}
	r.err = h.cfg.Proxy.Call(ctx, c.kind.method(), args, r.reply, proxy.WithClass(proxy.Idempotent),
		proxy.WithSoftDeadline(c.softDeadline), proxy.WithAnsweredBy(&r.from))
	r.at = time.Now()
	if r.err != nil {
		return r
	}
	// The proxy logs bad servers in it; otherwise it fails only when the proxy or this
	// Heartbeat is stopped.
	_ = h.cfg.Proxy.Heartbeat(h.life, messages.HeartbeatUpdate{
		Servers: r.reply.Servers, NumNodes: r.reply.NumNodes, LeaderRPCAddr: r.reply.LeaderRPCAddr,
		TTL: max(r.reply.HeartbeatTTL, 0), From: r.from,
	})
	return r
}

// contained is the result of a call in which code of the agent's may panic, or end its
// goroutine: a Caller, or the methods of a Node.
func (h *Heartbeat) contained(call func() result) (r result) {
	if p := contain.Apart(func() { r = call() }); p != nil {
		h.log.Panicked("a heartbeat's call", p)
		return result{at: time.Now(), err: p}
	}
	return r
}

// classify is the meaning of a call's error for the next one. A call that the proxy
// would have sent again, had there been time, found no server that could take it.
func classify(err error) failure {
	_, answered := errors.AsType[*pool.RemoteError](err)
	_, encode := errors.AsType[*pool.EncodeError](err)
	_, panicked := errors.AsType[*pool.AgentPanicError](err)
	_, decode := errors.AsType[*pool.DecodeError](err)
	switch {
	case encode, decode, panicked, errors.Is(err, proxy.ErrNoCaller):
		return refused // by this side, and the next call would be too
	case errors.Is(err, pool.ErrUnknownNode):
		return unknown
	case errors.Is(err, pool.ErrPermissionDenied), errors.Is(err, pool.ErrTokenNotFound):
		return denied
	case !answered, errors.Is(err, proxy.ErrRetriesSpent), errors.Is(err, context.DeadlineExceeded):
		return unreachable
	default:
		return refused
	}
}
