package proxy

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// Where code of the agent's is called.
const (
	inPinger     = "Config.Pinger"
	inDiscoverer = "Config.Discoverer"
)

// guarded is the agent's own Pinger, which may be a Caller and a Streamer too: a panic in it is
// an error, and its errors are tame.
type guarded struct {
	pinger   Pinger
	caller   Caller
	streamer Streamer
	log      *logqueue.Logger
}

// Ping runs the Pinger in a goroutine of its own, which it may end.
func (g *guarded) Ping(ctx context.Context, addr string) (rtt time.Duration, err error) {
	p := contain.Apart(func() { rtt, err = g.pinger.Ping(ctx, addr) })
	if err = g.tame(p, err); err != nil {
		return 0, err
	}
	return rtt, nil
}

// Call runs the Caller.
func (g *guarded) Call(ctx context.Context, addr, method string, args, reply any) (err error) {
	p := contain.Call(func() { err = g.caller.Call(ctx, addr, method, args, reply) })
	return g.tame(p, err)
}

// errNoConn is what a Streamer does that returns nothing.
var errNoConn = errors.New("Config.Pinger's Stream returned neither a connection nor an error")

// Stream runs the Streamer.
func (g *guarded) Stream(ctx context.Context, addr, method string) (conn net.Conn, err error) {
	p := contain.Call(func() { conn, err = g.streamer.Stream(ctx, addr, method) })
	switch err = g.tame(p, err); {
	case err != nil:
		return nil, err
	case contain.IsNil(conn):
		return nil, errNoConn
	}
	return conn, nil
}

// tame is the error of a call of the agent's code: its own or, if it has panicked, that.
func (g *guarded) tame(p *contain.Panic, err error) error {
	if p == nil {
		p, err = contain.Tame(err)
	} else {
		err = p
	}
	g.log.Panicked(inPinger, p)
	return err
}

// carriers are what calls and streams go over; nil: nothing.
func (p *Proxy) carriers() (Caller, Streamer) {
	g, ok := p.pinger.(*guarded)
	if !ok {
		caller, _ := p.pinger.(Caller)
		streamer, _ := p.pinger.(Streamer)
		return caller, streamer
	}
	var caller Caller
	var streamer Streamer
	if g.caller != nil {
		caller = g
	}
	if g.streamer != nil {
		streamer = g
	}
	return caller, streamer
}

// guard is the Pinger of the configuration. A pool's is known to be harmless.
func guard(pinger Pinger, log *logqueue.Logger) Pinger {
	if _, ok := pinger.(*pool.Pool); ok {
		return pinger
	}
	g := &guarded{pinger: pinger, log: log}
	g.caller, _ = pinger.(Caller)
	g.streamer, _ = pinger.(Streamer)
	return g
}

// find runs the Discoverer in a goroutine of its own, which it may end, and adds to each
// address its source, as far as it is known.
func find(ctx context.Context, d Discoverer, log *logqueue.Logger) (found []messages.Found, err error) {
	if p := contain.Apart(func() { found, err = findWith(ctx, d, log) }); p != nil {
		log.Panicked(inDiscoverer, p)
		return nil, p
	}
	var p *contain.Panic
	if p, err = contain.Tame(err); p == nil { // one of several may have panicked
		p, _ = errors.AsType[*contain.Panic](err)
	}
	log.Panicked(inDiscoverer, p)
	return slices.Clone(found[:min(len(found), maxFound)]), err
}

// maxFound bounds what is taken of a run: the rest is not kept in memory meanwhile. The list
// takes less, and says so.
const maxFound = 1024

// sourceOf is what a Discoverer calls itself.
func sourceOf(d Discoverer, log *logqueue.Logger) messages.Source {
	source := messages.SourceDiscovery
	if d, ok := d.(interface{ Source() string }); ok {
		log.Panicked(inDiscoverer, contain.Call(func() { source = messages.Source(d.Source()) }))
	}
	return source
}

func findWith(ctx context.Context, d Discoverer, log *logqueue.Logger) ([]messages.Found, error) {
	if d, ok := d.(Finder); ok {
		return d.Find(ctx)
	}
	source := sourceOf(d, log)
	addrs, err := d.Discover(ctx)
	addrs = addrs[:min(len(addrs), maxFound)]
	found := make([]messages.Found, 0, len(addrs))
	for _, addr := range addrs {
		found = append(found, messages.Found{Addr: addr, Source: source})
	}
	return found, err
}
