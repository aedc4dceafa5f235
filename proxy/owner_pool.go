package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// endWithPool ends the owner when that of the proxy's own pool ends for a fault: without
// connections the list is of no use. The pool calls what is set here; where it has ended
// before that, it is ended here.
func (o *owner) endWithPool(events *poolEvents) {
	if o.pool == nil {
		return
	}
	end := func(cause error) {
		if cause != ErrStopped { //nolint:errorlint // a fault may wrap it
			o.self.End(cause)
		}
	}
	events.end.Store(&end)
	if err := o.pool.Err(); err != nil {
		end(err)
	}
}

// tune gives the pools the session to retain, the keepalive and the spread of dials. A pool's
// owner never waits for this one, so its mailbox empties.
func (o *owner) tune(view *messages.View) { o.set(o.settings.Viewed(view, o.ttl, o.place)) }

// setLease tells the pools for how long heartbeats hold.
func (o *owner) setLease() { o.set(o.settings.Granted(o.ttl)) }

// set gives settings to all pools.
func (o *owner) set(next attempt.Settings) {
	if o.pool == nil || next == o.settings {
		return
	}
	last, set := o.settings, new(next)
	o.settings = next
	o.tenants.settings.Store(set) // before the list is read: see tenants.tune
	o.eachPool(func(p *ownPool) { give(p, next, last) })
}

// eachPool calls do with the proxy's own pool, and with those of its tenants.
func (o *owner) eachPool(do func(*ownPool)) {
	do(o.pool)
	for _, p := range o.tenants.all() {
		do(p)
	}
}

// reportAdded tells the pools of servers that are new while none is alive. They learn it
// before any call sees the view.
func (o *owner) reportAdded(view *messages.View) {
	if last := o.board.snap.Load(); last != nil && attempt.Added(view, last.view, o.settings.Spread) {
		o.eachPool(func(p *ownPool) { _ = p.ServersAdded(context.Background()) })
	}
}
