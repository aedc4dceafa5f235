package proxy

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

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

// tune gives the pools the session to retain, the keepalive and the spread of dials. A pool's
// owner never waits for this one, so its mailbox empties.
func (o *owner) tune(view *messages.View) {
	next := o.settings
	active, _ := view.Active()
	next.retained = active.Addr
	next.keepalive = attempt.Keepalive(o.ttl, o.place)
	next.spread = dialSpread(view.NumNodes(), view.Len())
	o.set(next)
}

// setLease tells the pools for how long heartbeats hold. Servers grant a random time between
// one and two times the least, so the longest recent one counts.
func (o *owner) setLease() {
	lease := o.settings.lease
	if o.ttl <= 0 || o.ttl <= lease && o.ttl >= lease/2 {
		return
	}
	next := o.settings
	next.lease = o.ttl
	o.set(next)
}

// set gives settings to all pools.
func (o *owner) set(next poolSettings) {
	if o.pool == nil || next == o.settings {
		return
	}
	last, set := o.settings, new(next)
	o.settings = next
	o.tenants.settings.Store(set) // before the list is read: see tenants.tune
	o.eachPool(func(p *ownPool) { set.give(p, last) })
}

// eachPool calls do with the proxy's own pool, and with those of its tenants.
func (o *owner) eachPool(do func(*ownPool)) {
	do(o.pool)
	for _, p := range o.tenants.all() {
		do(p)
	}
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

// reportAdded tells the pools if view has a server that the last view did not have, while
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
		o.eachPool(func(p *ownPool) { _ = p.ServersAdded(context.Background()) })
	}
}
