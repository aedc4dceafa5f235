package proxy

import (
	"errors"
	"io"
	"net"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/pool"
)

// failureReason is why a server is left that has failed with err.
func failureReason(err error) MoveReason {
	var network *net.OpError
	switch {
	case err == nil:
	case contain.Is(err, pool.ErrSilent):
		return MoveSilent
	case contain.Is(err, pool.ErrNotServing):
		return MoveNotServing
	case contain.Is(err, pool.ErrLeaving), contain.Is(err, pool.ErrServerStopping):
		return MoveLeaving
	case contain.Is(err, pool.ErrNoLeader), contain.Is(err, pool.ErrNotReady), contain.Is(err, pool.ErrNoRegionPath):
		return MoveNoLeader
	case errors.As(err, new(*pool.DialError)):
		return MoveUnreachable
	case errors.As(err, &network), contain.Is(err, io.EOF), contain.Is(err, io.ErrUnexpectedEOF):
		return MoveBroken
	}
	return MoveFailed
}
