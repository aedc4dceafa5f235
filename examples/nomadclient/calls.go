package nomadclient

import (
	"context"
	"io"
	"net"
	"net/rpc"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// streamHandler serves a stream that a server has opened, as the client's handlers do.
type streamHandler = func(io.ReadWriteCloser)

// endpoints are what the client has registered for calls and streams of servers.
type endpoints struct {
	calls   *rpc.Server
	streams func(method string) (streamHandler, error)
}

// handlers has the client's endpoints as they are.
func (e endpoints) handlers() pool.Handlers {
	return pool.Handlers{RPC: e.calls, OpenStream: func(_ context.Context, method string) (pool.StreamHandler, error) {
		handle, err := e.streams(method)
		if err != nil {
			return nil, err
		}
		return func(_ context.Context, conn net.Conn) error {
			handle(conn)
			return nil
		}, nil
	}}
}

// client takes the place of the client's connections and of its loop of calls.
type client struct{ list }

// startClient has holdTimeout for a call without a deadline, as RPCHoldTimeout is.
func startClient(cfg proxy.Config, e endpoints, holdTimeout time.Duration) (client, error) {
	cfg.Pool.Handlers, cfg.RetryTimeout = e.handlers(), holdTimeout
	started, err := proxy.Start(cfg)
	return client{list{started}}, err
}

// call makes one call at a server that works. What may be sent again is read of the method's
// name and the arguments, and how long they have a server wait, too.
func (c client) call(ctx context.Context, method string, args, reply any) error {
	return c.Call(ctx, method, args, reply)
}

// beat sends a heartbeat that should be answered by due, the end of the TTL, and passes on the reply.
func (c client) beat(ctx context.Context, args any, due time.Time) (reply heartbeat, err error) {
	var from messages.Server
	err = c.Call(ctx, "Node.UpdateStatus", args, &reply, proxy.WithSoftDeadline(due), proxy.WithAnsweredBy(&from))
	if err != nil {
		return reply, err
	}
	return reply, c.beaten(ctx, reply, from)
}

// remoteStream opens a streaming call at a server.
func (c client) remoteStream(ctx context.Context, method string) (net.Conn, error) {
	return c.Stream(ctx, method)
}
