package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// The number of idle things of which the mean is taken. Tests take fewer.
var (
	idleProxies  = 10_000
	idleSessions = 1000
)

func memoryWorks() []work {
	return []work{{name: "memory/proxy", footprint: proxyFootprint}, {name: "memory/session", footprint: sessionFootprint}}
}

// proxyFootprint is that of a proxy that knows five servers and has called none.
func proxyFootprint(ctx context.Context) (all footprints, err error) {
	servers := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}
	f, err := footprintOf(ctx, idleProxies, func(int) (func() error, error) {
		p, err := proxy.Start(proxy.Config{Servers: servers})
		if err != nil {
			return nil, err
		}
		return within(p.Stop), nil
	})
	all[ours] = &f
	return all, err
}

// sessionFootprint is that of a session after one call. Servers and sockets are in
// this process too: their footprint is measured with bare connections that carried
// the same bytes, and subtracted.
func sessionFootprint(ctx context.Context) (all footprints, err error) {
	server, err := startPlain(nil)
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	sockets, err := footprintOf(ctx, idleSessions, func(int) (func() error, error) { return pingRaw(ctx, server.Addr()) })
	if err != nil {
		return all, err
	}
	sessions, err := poolFootprint(ctx, server.Addr())
	if err != nil {
		return all, err
	}
	plain, err := footprintOf(ctx, idleSessions, func(int) (func() error, error) {
		s, err := plainclient.Dial(ctx, server.Addr(), plainclient.Config{Idle: 1})
		if err != nil {
			return nil, err
		}
		var reply any
		if err := s.Call(pingMethod, struct{}{}, &reply); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return s.Close, nil
	})
	all[ours], all[baseline] = new(sessions.minus(sockets)), new(plain.minus(sockets))
	return all, err
}

// poolFootprint is that of a session of a pool whose every address leads to addr.
func poolFootprint(ctx context.Context, addr string) (f footprint, err error) {
	p, err := pool.New(pool.Config{Dial: allTo(addr)})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, within(p.Stop)()) }()
	f, err = footprintOf(ctx, idleSessions, func(i int) (func() error, error) {
		_, err := p.Ping(ctx, serverAddr(i))
		return func() error { return nil }, err // they end with the pool
	})
	if err == nil && p.Stats().Sessions != idleSessions {
		err = fmt.Errorf("the pool has %d sessions, want %d", p.Stats().Sessions, idleSessions)
	}
	return f, err
}

// serverAddr is an address that does not resolve.
func serverAddr(i int) string { return fmt.Sprintf("server-%04d.example:4647", i) }

// allTo is a pool.Config.Dial that dials addr for every address.
func allTo(addr string) func(ctx context.Context, network, _ string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
}
