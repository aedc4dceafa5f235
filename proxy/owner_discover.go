package proxy

import (
	"context"
	"slices"

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
		found, err := find(running, d)
		_ = o.self.Ref().Tell(ctx, messages.DiscoveryDone{Run: e.Run, Found: found, Err: err})
	})
}

// maxFound bounds what is taken of a run. The list takes less, and says so.
const maxFound = 1024

// find runs d and adds to each address its source, as far as d knows it. Of more than
// maxFound addresses the first are taken: the others are not kept in memory meanwhile.
func find(ctx context.Context, d Discoverer) ([]messages.Found, error) {
	if d, ok := d.(Finder); ok {
		found, err := d.Find(ctx)
		if len(found) > maxFound {
			found = slices.Clone(found[:maxFound])
		}
		return found, err
	}
	source := messages.SourceDiscovery
	if d, ok := d.(interface{ Source() string }); ok {
		source = messages.Source(d.Source())
	}
	addrs, err := d.Discover(ctx)
	addrs = addrs[:min(len(addrs), maxFound)]
	found := make([]messages.Found, 0, len(addrs))
	for _, addr := range addrs {
		found = append(found, messages.Found{Addr: addr, Source: source})
	}
	return found, err
}

// done takes the result of the run, and makes it the result of the newest run that the
// roster asked for.
func (d *discovery) done(m messages.DiscoveryDone) messages.DiscoveryDone {
	if d.running && m.Run == d.started {
		d.running, m.Run = false, d.newest
	}
	return m
}
