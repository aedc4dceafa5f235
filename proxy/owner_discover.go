package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// search is the discovery under way, of the owner.
type search struct {
	running bool
	began   uint64 // the run it was started for
	wanted  uint64 // the newest run asked for: what is found answers that one
}

// discover runs the Discoverer, if there is one, in a goroutine of its own. One
// that is asked for while another runs is answered by what that one finds.
func (o *owner) discover(e roster.Discover) {
	d := o.proxy.cfg.Discoverer
	if d == nil {
		return
	}
	o.search.wanted = e.Run
	if o.search.running {
		return
	}
	o.search.running, o.search.began = true, e.Run
	o.self.Go(func(ctx context.Context) {
		running, stop := context.WithTimeout(ctx, o.proxy.cfg.DiscoverTimeout)
		defer stop()
		found, err := find(running, d)
		_ = o.self.Ref().Tell(ctx, messages.DiscoveryDone{Run: e.Run, Found: found, Err: err})
	})
}

// find runs d and says where each address came from, as far as d knows.
func find(ctx context.Context, d Discoverer) ([]messages.Found, error) {
	if d, ok := d.(Finder); ok {
		return d.Find(ctx)
	}
	source := messages.SourceDiscovery
	if d, ok := d.(interface{ Source() string }); ok {
		source = messages.Source(d.Source())
	}
	addrs, err := d.Discover(ctx)
	found := make([]messages.Found, 0, len(addrs))
	for _, addr := range addrs {
		found = append(found, messages.Found{Addr: addr, Source: source})
	}
	return found, err
}

// done ends the discovery that m is the result of, and makes it the result of the
// newest run asked for.
func (s *search) done(m messages.DiscoveryDone) messages.DiscoveryDone {
	if s.running && m.Run == s.began {
		s.running, m.Run = false, s.wanted
	}
	return m
}
