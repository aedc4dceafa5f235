package main

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"time"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"

	"github.com/open-nomad/rpcproxy/pool"
)

// own is the agent's own way to its servers: plain TCP, a connection for each call. It is a
// proxy.Pinger, with which the proxy finds out who answers, and a proxy.Caller, which carries calls.
// An agent has its pool here.
type own struct{ dialer net.Dialer }

// Ping must return when ctx ends, as Call does.
func (o *own) Ping(ctx context.Context, addr string) (time.Duration, error) {
	begin := time.Now()
	err := o.Call(ctx, addr, "Status.Ping", struct{}{}, &struct{}{})
	return time.Since(begin), err
}

// Call says of each failure how far the call came: that decides whether it is made again elsewhere.
// After an error that does not say so, the call counts as one that may have been executed.
func (o *own) Call(ctx context.Context, addr, method string, args, reply any) error {
	failed := func(phase pool.Phase, outcome pool.Outcome, err error) error {
		return &pool.CallError{Method: method, Server: addr, Phase: phase, Outcome: outcome, Err: err}
	}
	conn, err := o.dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return failed(pool.PhaseDial, pool.NotSent, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write([]byte{1}); err != nil { // calls follow, one after the other
		return failed(pool.PhaseHandshake, pool.NotSent, err)
	}
	err = msgpackrpc.CallWithCodec(msgpackrpc.NewClientCodec(conn), method, args, reply)
	answer, answered := errors.AsType[rpc.ServerError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return failed(pool.PhaseFlushed, pool.MaybeExecuted, ctx.Err())
	case !answered:
		return failed(pool.PhaseFlushed, pool.MaybeExecuted, err)
	}
	refused, outcome := pool.ReadRemoteError(string(answer)) // a handler may have failed halfway, or this server knows no leader
	return failed(pool.PhaseRemote, outcome, refused)
}
