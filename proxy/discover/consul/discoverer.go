package consul

import (
	"context"
	"sync/atomic"
)

// Discoverer finds servers in Consul's catalogue. It is a proxy.Discoverer. Its
// methods may be called from any goroutine; between two walks it holds no
// connection and no goroutine, so it needs no end.
type Discoverer struct {
	settings *settings // nil: switched off
	walks    atomic.Uint64
}

// New makes a Discoverer. It resolves the settings and reads the files they name,
// to say what is wrong with them, and asks nobody. The error is a *ConfigError.
func New(cfg Config) (*Discoverer, error) {
	if cfg.Disabled {
		return &Discoverer{}, nil
	}
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	c, err := newClient(s)
	if err != nil {
		return nil, err
	}
	c.close()
	return &Discoverer{settings: s}, nil
}

// Source names where the addresses come from.
func (*Discoverer) Source() string { return "consul" }

// Discover answers the addresses of the servers of the first datacenter that has
// any, as host:port, IPv6 in brackets, each once: those whose checks pass, those whose
// checks warn, those whose checks are critical or that are in maintenance, and each in
// Consul's order, the nearest first. A datacenter with critical ones only is left for the
// next, and they come last. It blocks until it has them, at most one RequestTimeout for each of
// nineteen requests, and returns when ctx ends. The errors are those of [Discoverer.Walk].
func (d *Discoverer) Discover(ctx context.Context) ([]string, error) {
	found, err := d.Walk(ctx)
	return found.Addrs, err
}

// Found is what a walk came to.
type Found struct {
	Addrs      []string // as Discover answers them
	Datacenter string   // the one that the first of them is in
	Skipped    int      // entries there whose address or port cannot be dialed
}

// Walk is Discover with more to tell. The error is
//
//   - ErrDisabled, if Config.Disabled is set;
//   - *ConfigError, if a file that was fine for New no longer is;
//   - *Error, if Consul did not say which datacenters there are;
//   - *WalkError, if none of those that were asked led to a server. When ctx ends,
//     the last one asked says so, and no other is asked.
func (d *Discoverer) Walk(ctx context.Context) (Found, error) {
	if d.settings == nil {
		return Found{}, ErrDisabled
	}
	c, err := newClient(d.settings)
	if err != nil {
		return Found{}, err
	}
	defer c.close()
	return c.walk(ctx, d.settings.chance(d.walks.Add(1)))
}
