package fleet

// furnish prepares what New's servers have around them.
func (f *Fleet) furnish() {
	for i := range f.servers {
		f.servers[i].voter = f.servers[i].up
	}
	f.dns = resolver{time: f.cfg.ResolverTime, rate: f.cfg.ResolverRate, asked: f.lookups}
	f.consul = resolver{time: f.cfg.ConsulTime, rate: f.cfg.ConsulRate, asked: f.discoveries}
	f.putBalancer()
}

// happens does one of the world's own events.
func (f *Fleet) happens(e event) {
	switch e.kind {
	case evSyn:
		f.synAgain(place{at: e.arg, serial: e.gen})
	case evForget:
		f.forgets(int(e.arg))
	}
}
