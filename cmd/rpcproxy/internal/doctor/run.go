package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// Run looks at all servers and returns what is to be said about them. It blocks for one and
// a half Timeouts at most, however the servers behave, and leaves nothing behind. The error
// is about cfg.TLS, as that of [pool.New], or that of ctx.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	cfg = cfg.withDefaults()
	o, err := look(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return Judge(o, cfg.expectations()), nil
}

// examiner looks at servers.
type examiner struct {
	cfg    Config
	calls  *pool.Pool
	secure *tls.Config // of connections of its own; nil: plain TCP
}

// dialer opens a connection.
func (x *examiner) dialer(ctx context.Context, network, addr string) (net.Conn, error) {
	if x.cfg.Dial != nil {
		return x.cfg.Dial(ctx, network, addr)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// look makes the observation.
func look(ctx context.Context, cfg Config) (*Observation, error) {
	via := pool.Config{TLS: cfg.TLS, Dial: cfg.Dial, Resolver: cfg.Resolver, DialTimeout: cfg.Timeout}
	if cfg.TLS != nil {
		as := *cfg.TLS
		as.Region = cfg.Region
		via.TLS = &as
	}
	calls, err := pool.New(via)
	if err != nil {
		return nil, err
	}
	x := &examiner{cfg: cfg, calls: calls}
	o := &Observation{At: time.Now(), Servers: make([]Seen, len(cfg.Servers))}
	x.secure, o.Ours = ours(ctx, via.TLS)
	x.each(ctx, cfg.Timeout, len(cfg.Servers), func(ctx context.Context, i int) { o.Servers[i] = x.server(ctx, cfg.Servers[i]) })
	x.elsewhere(ctx, o)
	if err := calls.Stop(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	return o, context.Cause(ctx)
}

// each runs f for n items at the same time, within a time that they have together.
func (x *examiner) each(ctx context.Context, limit time.Duration, n int, f func(ctx context.Context, i int)) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { f(ctx, i) })
	}
	running.Wait()
}

// server looks at one server, layer by layer, and stops where nothing is to be seen above.
func (x *examiner) server(ctx context.Context, s messages.Server) (seen Seen) {
	seen.Server = s.Addr
	x.find(ctx, &seen)
	if seen.Lookup.Kind != None {
		return seen
	}
	conn := x.connect(ctx, &seen)
	if conn == nil {
		return seen
	}
	var beside sync.WaitGroup
	beside.Go(func() { seen.Clock = x.clock(ctx, s.Addr) })
	defer beside.Wait()
	x.enter(ctx, conn, &seen)
	if seen.Ping.Kind == None {
		x.ask(ctx, &seen)
	}
	return seen
}

// elsewhere looks at the addresses that servers are said to have and that were not given.
func (x *examiner) elsewhere(ctx context.Context, o *Observation) {
	addrs := unknown(o.Servers)
	faults := make([]Fault, len(addrs))
	x.each(ctx, x.cfg.elsewhereLimit(), len(addrs), func(ctx context.Context, i int) {
		s, err := messages.ParseServer(addrs[i])
		if err != nil {
			faults[i] = Fault{Kind: CallFailed, Text: contain.Text(err)}
			return
		}
		if _, err := x.calls.Ping(ctx, s.Addr); err != nil {
			faults[i] = sessionFault(err, Door{})
		}
	})
	o.Advertised = map[string]Fault{}
	for i, addr := range addrs {
		o.Advertised[addr] = faults[i]
	}
}
