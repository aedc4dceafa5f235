package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool"
)

// sessionsField makes one call after another, each on the next of n sessions. All
// are with one server, which the pool takes for n of them. If that many cannot be
// open it has no entrant.
func sessionsField(ctx context.Context, n int) (f *field, err error) {
	if files := 2 * n; !roomFor(files) {
		return &field{note: "left out: " + tooMany(files), close: func() error { return nil }}, nil
	}
	o := new(opening)
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	server, err := startPlain(nil)
	if err != nil {
		return nil, err
	}
	o.add(server.close)
	p, err := pool.New(pool.Config{Dial: allTo(server.addr())})
	if err != nil {
		return nil, err
	}
	o.add(within(p.Stop))
	addrs := make([]string, n)
	for i := range addrs {
		addrs[i] = serverAddr(i)
		if _, err := p.Ping(ctx, addrs[i]); err != nil {
			return nil, err
		}
	}
	if held := p.Stats().Sessions; held != n {
		return nil, fmt.Errorf("the pool holds %d sessions, want %d", held, n)
	}
	u, next := unary{size: 64, callers: 1}, 0
	payload := make([]byte, u.size)
	return &field{
		slice: sliceOfNetwork, close: o.close,
		entrants: []entrant{u.entrant(ours, func(ctx context.Context, _ int) error {
			next = (next + 1) % n
			var reply []byte
			return u.check(p.Call(ctx, addrs[next], method, payload, &reply), reply)
		})},
	}, nil
}
