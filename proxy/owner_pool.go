package proxy

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// ownPool is the proxy's own pool, with the methods that only the proxy needs.
type ownPool struct {
	*pool.Pool
	poolhooks.Control
}

// newOwnPool makes one. The errors are those of pool.New.
func newOwnPool(cfg pool.Config, hooks poolhooks.Hooks) (*ownPool, error) {
	open := poolhooks.Open.(func(pool.Config, poolhooks.Hooks) (*pool.Pool, poolhooks.Control, error))
	p, control, err := open(cfg, hooks)
	if err != nil {
		return nil, err
	}
	return &ownPool{p, control}, nil
}

// poolSettings are the owner's last messages to the pool.
type poolSettings struct {
	retained  string        // the server whose session the pool keeps
	keepalive time.Duration // how long a session may be silent before it is pinged
	spread    time.Duration // of dials
	lease     time.Duration // for how long heartbeats hold
}

// watchPool ends the owner when that of the proxy's own pool ends for a fault: without
// connections the list is of no use.
func (o *owner) watchPool() {
	if o.pool == nil {
		return
	}
	o.self.Go(func(ctx context.Context) {
		select {
		case <-o.pool.Done():
			if err := o.pool.Err(); err != ErrStopped { //nolint:errorlint // a fault may wrap it
				o.self.End(err)
			}
		case <-ctx.Done():
		}
	})
}

// tune gives the pool the session to retain, the keepalive and the spread of dials. The
// pool's owner never waits for this one, so its mailbox empties.
func (o *owner) tune(view *messages.View) {
	if o.pool == nil {
		return
	}
	set := &o.settings
	if active, _ := view.Active(); active.Addr != set.retained {
		set.retained = active.Addr
		_ = o.pool.Retain(context.Background(), active.Addr)
	}
	if every := attempt.Keepalive(o.ttl, o.place); every != set.keepalive {
		set.keepalive = every
		_ = o.pool.Keepalive(context.Background(), every)
	}
	if spread := dialSpread(view.NumNodes(), view.Len()); spread != set.spread {
		set.spread = spread
		_ = o.pool.DialSpread(context.Background(), spread)
	}
}

// setLease tells the pool for how long heartbeats hold. Servers grant a random time between
// one and two times the least, so the longest recent one counts.
func (o *owner) setLease() {
	lease := &o.settings.lease
	if o.pool == nil || o.ttl <= 0 || o.ttl <= *lease && o.ttl >= *lease/2 {
		return
	}
	*lease = o.ttl
	_ = o.pool.HeartbeatTTL(context.Background(), o.ttl)
}

// dialsPerServerSecond is how many connections a second a fleet's dials may cost every
// server, as many as rebalancing may.
const dialsPerServerSecond = 64

// dialSpread is the time in which each of so many agents dials one of its servers once,
// when they cannot reach any; zero if that is below a second.
func dialSpread(nodes, servers int) time.Duration {
	perSecond := dialsPerServerSecond * max(servers, 1)
	spread := time.Duration(min(max(nodes, 0), 1<<30)) * time.Second / time.Duration(perSecond)
	if spread < time.Second {
		return 0
	}
	return spread.Truncate(time.Second)
}

// reportAdded tells the pool if view has a server that the last view did not have, while
// none is alive: it is dialed at once, also by an agent of a big fleet, whose dials are few
// in an outage. The pool learns it before any call sees the view.
func (o *owner) reportAdded(view *messages.View) {
	last := o.board.snap.Load()
	if o.settings.spread == 0 || last == nil {
		return
	}
	known := make(map[string]bool, last.view.Len())
	for _, addr := range last.view.Addrs() {
		known[addr] = true
	}
	added := false
	for r := range view.Ranking() {
		if r.Health == messages.Alive {
			return
		}
		added = added || !known[r.Server.Addr]
	}
	if added {
		_ = o.pool.ServersAdded(context.Background())
	}
}
