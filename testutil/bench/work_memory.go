package bench

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// How many idle things share what is held.
const (
	idleProxies  = 1000
	idleSessions = 200
)

func memoryWorks() []work {
	return []work{{name: "memory/proxy", weigh: weighProxies}, {name: "memory/session", weigh: weighSessions}}
}

// weighProxies holds proxies that know five servers and have called none.
func weighProxies(ctx context.Context) (all weights, err error) {
	servers := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}
	w, err := hold(ctx, idleProxies, func(int) (func() error, error) {
		p, err := proxy.Start(proxy.Config{Servers: servers})
		if err != nil {
			return nil, err
		}
		return within(p.Stop), nil
	})
	all[ours] = &w
	return all, err
}

// weighSessions holds sessions after one call each. Servers and sockets are in
// this process too: what they hold is found out with connections on which the same
// was said and no client is, and left out.
func weighSessions(ctx context.Context) (all weights, err error) {
	server, err := startPlain(nil)
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, server.close()) }()

	sockets, err := hold(ctx, idleSessions, func(int) (func() error, error) { return sayPing(ctx, server.addr()) })
	if err != nil {
		return all, err
	}
	sessions, err := holdSessions(ctx, server.addr())
	if err != nil {
		return all, err
	}
	plain, err := hold(ctx, idleSessions, func(int) (func() error, error) {
		s, err := openStock(ctx, server.addr(), nil, 1)
		if err != nil {
			return nil, err
		}
		var reply any
		if err := s.call(pingMethod, struct{}{}, &reply); err != nil {
			return nil, errors.Join(err, s.close())
		}
		return s.close, nil
	})
	all[ours], all[baseline] = new(sessions.minus(sockets)), new(plain.minus(sockets))
	return all, err
}

// holdSessions holds those of one pool, which takes each to be with another
// server.
func holdSessions(ctx context.Context, addr string) (w weight, err error) {
	p, err := pool.New(pool.Config{Dial: allTo(addr)})
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, within(p.Stop)()) }()
	w, err = hold(ctx, idleSessions, func(i int) (func() error, error) {
		_, err := p.Ping(ctx, serverAddr(i))
		return func() error { return nil }, err // they end with the pool
	})
	if err == nil && p.Stats().Sessions != idleSessions {
		err = fmt.Errorf("the pool holds %d sessions, want %d", p.Stats().Sessions, idleSessions)
	}
	return w, err
}

// serverAddr is a server that is not to be found by its name.
func serverAddr(i int) string { return fmt.Sprintf("server-%04d.example:4647", i) }

// allTo dials addr whatever is to be dialed.
func allTo(addr string) func(ctx context.Context, network, _ string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
}
