package proxy

import (
	"context"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// search is the discovery under way.
type search struct {
	running bool          // of the owner
	run     atomic.Uint64 // the newest run asked for: what is found answers that one
}

// discover runs the Discoverer, if there is one, in a goroutine of its own. One
// that is asked for while another runs is answered by what that one finds.
func (o *owner) discover(e roster.Discover) {
	d := o.proxy.cfg.Discoverer
	if d == nil {
		return
	}
	o.search.run.Store(e.Run)
	if o.search.running {
		return
	}
	o.search.running = true
	o.self.Go(func(ctx context.Context) {
		running, stop := context.WithTimeout(ctx, o.proxy.cfg.DiscoverTimeout)
		defer stop()
		addrs, err := d.Discover(running)
		_ = o.self.Ref().Tell(ctx, messages.DiscoveryDone{Run: o.search.run.Load(), Addrs: addrs, Err: err})
	})
}
