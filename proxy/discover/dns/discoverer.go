package dns

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/edns"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// Discoverer finds servers by DNS. It holds no connection and need not be
// stopped. Its methods may be used by any number of goroutines, and do not wait for the
// writer of its log.
type Discoverer struct {
	questions []question
	asker     asker
	queue     *logqueue.Queue // of log
	log       *logqueue.Logger
}

// Found is one server.
type Found struct {
	Addr   string // host:port; the host is an IP address, IPv6 in brackets
	Name   string // as configured, the first that led here
	Target string // of the SRV record; empty if Name has the address itself
}

// New makes a Discoverer. It sends no query. The error is a *ConfigError.
func New(cfg Config) (*Discoverer, error) {
	questions, resolvers, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	queue := logqueue.New()
	return &Discoverer{
		questions: questions, queue: queue, log: queue.Logger(cfg.Logger),
		asker: asker{
			resolvers: resolvers, timeout: cfg.Timeout, attempts: cfg.Attempts,
			good: new(atomic.Uint32), known: new(memory), plain: new(edns.Resolvers),
		},
	}, nil
}

// Source is "dns".
func (d *Discoverer) Source() string { return "dns" }

// Discover returns the addresses of the servers that the names lead to, as host:port with
// IP addresses, also those of names that were resolved in the last 24 hours and now are
// not. It blocks no longer than ctx, and returns the addresses found until then.
// Without any the error is a *NoServersError.
func (d *Discoverer) Discover(ctx context.Context) ([]string, error) {
	found, failed := d.Lookup(ctx)
	if len(found) == 0 {
		return nil, &NoServersError{Lookups: failed}
	}
	for _, f := range failed {
		message := "a name led to no server"
		if f.Kept > 0 {
			message = "a name was not resolved: its last known servers are kept"
		}
		d.log.Warn().Str("name", f.Name).Err(f).Msg(message)
	}
	addrs := make([]string, len(found))
	for i, f := range found {
		addrs[i] = f.Addr
	}
	return addrs, nil
}

// Lookup is Discover that also returns the name of each server, and the queries that
// failed, those among them in whose place the last answer counts. If it finds no server, at least one query failed. It blocks no longer than ctx.
func (d *Discoverer) Lookup(ctx context.Context) ([]Found, []*LookupError) {
	ctx = contain.Context(ctx, nil)
	l := lookup{asker: d.asker, slots: make(chan struct{}, atOnce)}
	led := make([][]Found, len(d.questions))
	lost := make([][]*LookupError, len(d.questions))
	var names sync.WaitGroup
	for i, q := range d.questions {
		names.Go(func() {
			if q.srv {
				led[i], lost[i] = l.service(ctx, q)
			} else {
				led[i], lost[i] = l.host(ctx, q)
			}
		})
	}
	names.Wait()
	var found []Found
	var failed []*LookupError
	known := map[string]bool{}
	for i := range d.questions {
		failed = append(failed, lost[i]...)
		for _, f := range led[i] {
			if !known[f.Addr] && len(found) < maxServers {
				known[f.Addr] = true
				found = append(found, f)
			}
		}
	}
	return found, failed
}
