package proxy

import (
	"errors"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// front is a server for as long as it is in front. Blocking reads follow it: they are
// held for minutes, and the server that was left would hold them on, while the one in
// front did not know that the agent is reached there.
type front struct {
	server messages.Server
	left   chan struct{} // closed when another server is in front
}

// next is the front of a newer view. When there is no server at all the last one
// stays: what it holds may still be answered.
func (f *front) next(active messages.Server, some bool) *front {
	switch {
	case f == nil, some && active.Addr != f.server.Addr:
		return &front{server: active, left: make(chan struct{})}
	default:
		return f
	}
}

// moved says whether an attempt ended only because its call is to be made elsewhere,
// which is no failure of anybody: another server is in front, or another session in
// place of the one it was on. That happens once for each such change, so a call cannot
// move for ever. A server that is leaving is one that fails.
func moved(err error) bool {
	return errors.Is(err, pool.ErrMoved) && !errors.Is(err, pool.ErrLeaving)
}
