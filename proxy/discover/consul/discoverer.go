package consul

import (
	"context"
	"sync/atomic"
)

// Discoverer finds servers in Consul's catalogue. It is a proxy.Discoverer. Its methods may
// be used by any number of goroutines; between two walks it holds no connection and no
// goroutine, so it need not be stopped.
type Discoverer struct {
	settings *settings // nil: switched off
	walks    atomic.Uint64
}

// New makes a Discoverer. It resolves the settings and reads the files they name, to check
// them, and sends no request. It waits 5 s at most for each file. The error is a
// *ConfigError.
func New(cfg Config) (*Discoverer, error) {
	if cfg.Disabled {
		return &Discoverer{}, nil
	}
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	c, err := newClient(context.Background(), s)
	if err != nil {
		return nil, err
	}
	c.close()
	return &Discoverer{settings: s}, nil
}

// Source is "consul".
func (*Discoverer) Source() string { return "consul" }

// Discover returns the addresses of the servers of the first datacenter that has any, as
// host:port, IPv6 in brackets, each once: first those whose checks pass, then those whose
// checks warn, last those whose checks are critical or that are in maintenance; in each
// group Consul's order counts, the nearest first. After a datacenter with critical ones only
// the next is asked, and these come last. It blocks at most one RequestTimeout for each of
// nineteen requests, and returns when ctx ends. The errors are those of [Discoverer.Walk].
func (d *Discoverer) Discover(ctx context.Context) ([]string, error) {
	found, err := d.Walk(ctx)
	return found.Addrs, err
}

// Found is the result of a walk.
type Found struct {
	Addrs      []string // as Discover returns them
	Datacenter string   // the one that the first of them is in
	Skipped    int      // entries there whose address or port cannot be dialed
}

// Walk is Discover with more details. The error is
//
//   - ErrDisabled, if Config.Disabled is set;
//   - *ConfigError, if a file that was fine for New no longer is;
//   - *Error, if Consul did not return its datacenters;
//   - *WalkError, if none of those asked has a server. When ctx ends, the last one asked
//     fails with that, and no other is asked.
func (d *Discoverer) Walk(ctx context.Context) (Found, error) {
	if d.settings == nil {
		return Found{}, ErrDisabled
	}
	c, err := newClient(ctx, d.settings)
	if err != nil {
		return Found{}, err
	}
	defer c.close()
	return c.walk(ctx, d.settings.chance(d.walks.Add(1)))
}
