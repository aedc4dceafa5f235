package proxy

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// leaderMethod is forwarded to the leader, so its answer proves the way there as well;
// it needs no token. Nomad 2.0.6, nomad/status_endpoint.go.
const leaderMethod = "Status.Leader"

// errNamesNoLeader reports why a session is no better than the one it was to replace.
var errNamesNoLeader = fmt.Errorf("%w: the server names none", pool.ErrNoLeader)

// reconnect connects anew to a server that stays leaderless, in a goroutine of its own.
func (o *owner) reconnect(e roster.Reconnect) {
	if o.pool == nil {
		return // the embedder's connections are the embedder's to renew
	}
	o.self.Go(func(ctx context.Context) { o.renew(ctx, e.Server) })
}

// renewIfMoved connects anew to a server whose name resolves to another address by now. It
// is called for a server that has answered in a round, so look-ups and connections are as
// rare as rounds.
func (o *owner) renewIfMoved(ctx context.Context, server messages.Server) {
	if o.pool == nil {
		return
	}
	if moved, err := o.pool.Moved(ctx, server.Addr); moved && err == nil {
		o.renew(ctx, server)
	}
}

// renew replaces the session to server by one on which a leader is known. Without such a
// session everything stays as it is.
func (o *owner) renew(ctx context.Context, server messages.Server) {
	log := o.cfg.Logger.Debug().Stringer("server", server)
	if err := o.pool.Renew(ctx, server.Addr, o.knowsLeader); err != nil {
		log.Err(contain.Error(err)).Msg("no better server at the address")
		return
	}
	log.Msg("the address leads to a better server: its session is in use")
	_ = o.self.Ref().Tell(ctx, messages.Reconnected{Server: server})
}

// knowsLeader fails for a session on which no leader of the agent's region is known. An
// answer that does not tell, such as that of an unknown method, is accepted.
func (o *owner) knowsLeader(ctx context.Context, do func(ctx context.Context, method string, args, reply any) error) error {
	asking, stop := context.WithTimeout(ctx, o.cfg.ProbeTimeout)
	defer stop()
	var leader string
	err := do(asking, leaderMethod, map[string]any{"Region": o.cfg.Region}, &leader)
	remote, answered := errors.AsType[*pool.RemoteError](err)
	switch {
	case err == nil && leader == "":
		return errNamesNoLeader
	case answered && !leaderless(remote) && !leaderTrouble(remote) && !errors.Is(remote, pool.ErrNoRegionPath):
		return nil
	}
	return err
}
