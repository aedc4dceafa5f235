package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool"
)

// openSessions makes one call after another, each on the next of n sessions. All
// lead to one server, under n addresses. It has no entrant if that many sockets
// cannot be open.
func openSessions(ctx context.Context, n int) (s *setup, err error) {
	if files := 2 * n; !roomFor(files) {
		return &setup{note: "left out: " + tooMany(files), close: func() error { return nil }}, nil
	}
	all := new(closers)
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close())
		}
	}()
	server, err := startPlain(nil)
	if err != nil {
		return nil, err
	}
	all.add(server.Close)
	p, err := pool.New(pool.Config{Dial: allTo(server.Addr())})
	if err != nil {
		return nil, err
	}
	all.add(within(p.Stop))
	addrs := make([]string, n)
	for i := range addrs {
		addrs[i] = serverAddr(i)
		if _, err := p.Ping(ctx, addrs[i]); err != nil {
			return nil, err
		}
	}
	if open := p.Stats().Sessions; open != n {
		return nil, fmt.Errorf("the pool has %d sessions, want %d", open, n)
	}
	c, next := call{size: 64, callers: 1}, 0
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	return &setup{
		slice: sliceOfNetwork, close: all.close,
		entrants: []entrant{c.entrant(ours, func(ctx context.Context, _ int) error {
			next = (next + 1) % n
			return m.send(ctx, func(ctx context.Context, method string, args, reply any) error {
				return p.Call(ctx, addrs[next], method, args, reply)
			})
		})},
	}, nil
}
