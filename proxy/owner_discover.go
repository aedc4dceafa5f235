package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// discovery is the state of the Discoverer's run.
type discovery struct {
	running bool
	started uint64 // the roster's run that it was started for
	newest  uint64 // the newest run that the roster asked for: the result answers that one
}

// discover runs the Discoverer, if there is one, in a goroutine of its own. A run that is
// asked for while another one goes on is answered by that one's result.
func (o *owner) discover(e roster.Discover) {
	d := o.cfg.Discoverer
	if d == nil {
		return
	}
	o.discovery.newest = e.Run
	if o.discovery.running {
		return
	}
	o.discovery.running, o.discovery.started = true, e.Run
	o.self.Go(func(ctx context.Context) {
		running, stop := context.WithTimeout(ctx, o.cfg.DiscoverTimeout)
		defer stop()
		found, err := find(running, d, o.cfg.log)
		o.tell(ctx, messages.DiscoveryDone{Run: e.Run, Found: found, Err: err})
	})
}

// done takes the result of the run, and makes it the result of the newest run that the
// roster asked for.
func (d *discovery) done(m messages.DiscoveryDone) messages.DiscoveryDone {
	if d.running && m.Run == d.started {
		d.running, m.Run = false, d.newest
	}
	return m
}
