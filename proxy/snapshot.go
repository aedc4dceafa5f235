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

// Renewed is closed when the session to the server in front is replaced the next time: by
// one with other credentials (SetTLS, OfferTLS, files that are watched), because its address
// leads to a better server, or by one that works in place of one that was silent or got no
// answers. Servers know an
// agent by a session, and of the new one by the next call on it; package heartbeat sends
// one. Each call gives the channel for the next time. Over a Pinger it is never closed. It
// neither blocks nor allocates.
func (p *Proxy) Renewed() <-chan struct{} { return *p.renewal.Load() }

// renewed is told by the pool, one call at a time, that a session was replaced.
func (p *Proxy) renewed(addr string) {
	if p.now.Load().active.Addr == addr {
		next := make(chan struct{})
		close(*p.renewal.Swap(&next))
	}
}
