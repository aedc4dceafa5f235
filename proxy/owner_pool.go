package proxy

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// What a fleet's dials may cost, each second: so many connections of every server, as
// many as rebalancing may.
const dialsPerServerSecond = 64

// dialSpread is the time in which each of so many agents dials one of its servers once,
// when they cannot reach any; zero where that is next to nothing.
func dialSpread(nodes, servers int) time.Duration {
	perSecond := dialsPerServerSecond * max(servers, 1)
	spread := time.Duration(min(max(nodes, 0), 1<<30)) * time.Second / time.Duration(perSecond)
	if spread < time.Second {
		return 0
	}
	return spread.Truncate(time.Second)
}

// added tells the pool of a server that the last view did not hold, if none is known to
// be well: it is dialed at once, also by an agent of a big fleet, whose dials are few in
// an outage. The pool hears it before any call does.
func (o *owner) added(view *messages.View) {
	last := o.proxy.now.Load()
	if o.spread == 0 || last == nil {
		return
	}
	known := make(map[string]bool, last.view.Len())
	for _, addr := range last.view.Addrs() {
		known[addr] = true
	}
	fresh := false
	for r := range view.Ranking() {
		if r.Health == messages.Alive {
			return
		}
		fresh = fresh || !known[r.Server.Addr]
	}
	if fresh {
		_ = o.proxy.pool.ServersAdded(context.Background())
	}
}
