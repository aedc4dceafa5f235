package proxy

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Ping asks the server at addr whether it answers, and tells how long that took, a
// dial included. addr is any address as ParseServer reads it: the server need not be
// in the list, does not get into it, and no other is asked in its place. It goes over
// Config.Pinger, or the proxy's own pool, and blocks until the answer is there or ctx
// ends.
//
// The errors are a *messages.AddrError for a bad address, ErrStopped, and those of the
// Pinger; of the own pool these are as those of pool.Pool.Call.
func (p *Proxy) Ping(ctx context.Context, addr string) (time.Duration, error) {
	server, err := messages.ParseServer(addr)
	if err != nil {
		return 0, err
	}
	if err := p.owner.Err(); err != nil {
		return 0, err
	}
	pinging, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	rtt, err := p.pinger.Ping(pinging, server.Addr)
	switch {
	case err == nil:
		return rtt, nil
	case p.life.Err() != nil:
		return 0, ErrStopped
	}
	return 0, err
}
