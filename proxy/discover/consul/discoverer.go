package consul

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// Discoverer finds servers in Consul's catalogue. It is a proxy.Discoverer. Its methods may
// be used by any number of goroutines; between two walks it holds no connection and no
// goroutine but that of a log that is still written, so it need not be stopped.
type Discoverer struct {
	settings *settings       // nil: switched off
	queue    *logqueue.Queue // of log
	log      *logqueue.Logger
	walks    atomic.Uint64
	quiet    atomic.Pointer[quiet]
}

// quiet is the time for which Consul asked to be left alone.
type quiet struct {
	until time.Time
	err   error // of the walk in which it did
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
	queue := logqueue.New()
	return &Discoverer{settings: s, queue: queue, log: queue.Logger(cfg.Logger)}, nil
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
	if n := len(found.Addrs); n > 0 && n == found.Critical {
		d.log.Warn().Str("datacenter", found.Datacenter).Int("servers", n).
			Msg("Consul lists servers in a critical state or in maintenance only: they are tried all the same")
	}
	return found.Addrs, err
}

// Found is the result of a walk.
type Found struct {
	Addrs      []string // as Discover returns them
	Datacenter string   // the one that the first of them is in
	Critical   int      // how many of them, the last ones, are in a critical state or in maintenance
	Skipped    int      // entries there that are malformed, or whose address or port cannot be dialed
}

// Walk is Discover with more details. The error is
//
//   - ErrDisabled, if Config.Disabled is set;
//   - *ConfigError, if a file that was fine for New no longer is;
//   - *Error, if Consul did not return its datacenters;
//   - the one of the walk before, if Consul asked then to be left alone, and that time is not
//     over (Error.RetryAfter);
//   - *WalkError, if none of those asked has a server. When ctx ends, the last one asked
//     fails with that, and no other is asked.
func (d *Discoverer) Walk(ctx context.Context) (Found, error) {
	if d.settings == nil {
		return Found{}, ErrDisabled
	}
	if q := d.quiet.Load(); q != nil && time.Now().Before(q.until) {
		return Found{}, q.err
	}
	ctx = contain.Context(ctx, nil)
	c, err := newClient(ctx, d.settings)
	if err != nil {
		return Found{}, err
	}
	defer c.close()
	chance := d.settings.chance(d.walks.Add(1))
	found, err := c.walk(ctx, chance)
	if wait := asked(err); wait > 0 { // the agents of a cluster do not come back together
		wait += time.Duration(chance.Int64N(int64(wait)/4 + 1))
		d.quiet.Store(&quiet{until: time.Now().Add(wait), err: err})
	}
	return found, err
}

// asked is how long Consul asks in an error to be left alone.
func asked(err error) time.Duration {
	if walk, ok := err.(*WalkError); ok && len(walk.Errs) > 0 { //nolint:errorlint // walk returns it bare
		return walk.Errs[len(walk.Errs)-1].RetryAfter
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // the same
		return e.RetryAfter
	}
	return 0
}
