package proxy

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// leaderMethod is forwarded to the leader, so its answer proves the way there as well;
// it needs no token. Nomad 2.0.6, nomad/status_endpoint.go.
const leaderMethod = "Status.Leader"

// errNamesNone is why a session is no better than the one it was to replace.
var errNamesNone = fmt.Errorf("%w: the server names none", pool.ErrNoLeader)

// reconnect connects anew to a server that stays leaderless, in a goroutine of its own.
func (o *owner) reconnect(e roster.Reconnect) {
	if o.proxy.pool == nil {
		return // who brings the connections cares for them too
	}
	o.self.Go(func(ctx context.Context) { o.proxy.renew(ctx, e.Server) })
}

// follow connects anew to a server whose name leads elsewhere by now. It is called for
// one that has answered in a round, so lookups and connections are as rare as those.
func (o *owner) follow(ctx context.Context, server messages.Server) {
	if o.proxy.pool == nil {
		return
	}
	if moved, err := o.proxy.pool.Moved(ctx, server.Addr); moved && err == nil {
		o.proxy.renew(ctx, server)
	}
}

// renew has a session to the server that knows a leader take the place of the one there
// is. Without such a session everything stays as it is.
func (p *Proxy) renew(ctx context.Context, server messages.Server) {
	log := p.cfg.Logger.Debug().Stringer("server", server)
	if err := p.pool.Renew(ctx, server.Addr, p.leads); err != nil {
		log.Err(err).Msg("no better server at the address")
		return
	}
	log.Msg("the address leads to a better server: its session is in use")
	_ = p.mail.Tell(ctx, messages.Reconnected{Server: server})
}

// leads judges a session by what its server knows of a leader of the agent's region. An
// answer that says nothing of it, such as that of an unknown method, is no reproach.
func (p *Proxy) leads(ctx context.Context, do func(context.Context, *pool.Request) error) error {
	asking, stop := context.WithTimeout(ctx, p.cfg.ProbeTimeout)
	defer stop()
	var leader string
	err := do(asking, &pool.Request{Method: leaderMethod, Args: map[string]any{"Region": p.cfg.Region}, Reply: &leader})
	remote, answered := errors.AsType[*pool.RemoteError](err)
	switch {
	case err == nil && leader == "":
		return errNamesNone
	case answered && !leaderless(remote) && !unled(remote) && !errors.Is(remote, pool.ErrNoRegionPath):
		return nil
	}
	return err
}
