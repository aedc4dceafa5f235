package sidecar

import (
	"context"
	"errors"
	"net"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
)

// errNoPath is the answer to a server whose agent has left: the text that servers have for a
// node that is not connected (Nomad 2.0.6, nomad/structs/errors.go, ErrNoNodeConn).
var errNoPath = errors.New("No path to node") //nolint:staticcheck // the very text

// handlers pass what servers ask on to the agent, whatever the method.
func (a *agent) handlers() pool.Handlers {
	return pool.Handlers{
		CallFor: func(method string) pool.CallHandler {
			return func(ctx context.Context, decode func(any) error) (any, error) {
				var args pool.Raw
				if err := decode(&args); err != nil {
					return nil, err
				}
				a.side.counts.reverseCalls.Add(1)
				reply, err := a.session.Call(ctx, method, args)
				if err != nil {
					return nil, a.unreached(err)
				}
				return reply, nil
			}
		},
		OpenStream: func(ctx context.Context, method string) (pool.StreamHandler, error) {
			a.side.counts.reverseStreams.Add(1)
			down, err := a.session.Open(ctx, method)
			if err != nil {
				return nil, a.unreached(err)
			}
			return func(_ context.Context, up net.Conn) error {
				join(up, down)
				return nil
			}, nil
		},
	}
}

// unreached is what a server gets for an agent that did not answer; a refusal is the agent's own
// text.
func (a *agent) unreached(err error) error {
	if refusal, answered := errors.AsType[*accept.Refusal](err); answered {
		return &pool.RemoteError{Raw: refusal.Text, Text: refusal.Text, Length: len(refusal.Text)} // of which the server gets Raw
	}
	select {
	case <-a.session.Done():
		return errNoPath
	default:
		return err
	}
}
