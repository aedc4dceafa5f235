package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// method echoes, on every server.
const method = "Echo.Echo"

// unary is a call that echoes a payload, made by so many callers at once.
type unary struct {
	tls           bool
	beat          bool // it is a heartbeat and has no size
	size, callers int
	noFloor       bool // that many sockets cannot be opened
}

// caller makes a call in the way of one entrant.
type caller func(ctx context.Context, method string, args, reply any) error

// message is what calls carry.
type message struct {
	ask    []byte // as the floor sends it
	answer int    // bytes
	send   func(ctx context.Context, call caller) error
}

// unaryWorks are calls of every size by every number of callers; over TLS the
// largest are left out, to save time.
func unaryWorks() (all []work) {
	for _, secured := range []bool{false, true} {
		for _, size := range []int{64, 4 << 10, 64 << 10} {
			for _, callers := range []int{1, 16, 128} {
				if secured && size > 4<<10 {
					continue
				}
				u := unary{tls: secured, size: size, callers: callers}
				all = append(all, work{name: u.name(), open: u.open})
			}
		}
	}
	return all
}

func (u unary) name() string {
	transport := "tcp"
	if u.tls {
		transport = "tls"
	}
	what := sizeName(u.size)
	if u.beat {
		what = "heartbeat"
	}
	return fmt.Sprintf("call/%s/%s/%d", transport, what, u.callers)
}

func sizeName(bytes int) string {
	switch {
	case bytes >= 1<<20 && bytes%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", bytes>>20)
	case bytes >= 1<<10 && bytes%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", bytes>>10)
	default:
		return fmt.Sprintf("%dB", bytes)
	}
}

// open starts three servers and connects four clients.
func (u unary) open(ctx context.Context) (f *field, err error) {
	o := new(opening)
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	var t trust
	if u.tls {
		if t, err = newTrust(); err != nil {
			return nil, err
		}
	}
	server, err := testutil.StartServer(testutil.ServerConfig{TLS: t.server})
	if err != nil {
		return nil, err
	}
	o.add(within(server.Stop))
	server.Handle(beatMethod, answerBeat)
	plain, err := startPlain(t.server)
	if err != nil {
		return nil, err
	}
	o.add(plain.close)
	f = &field{slice: sliceOfNetwork, close: o.close}
	m, err := u.message()
	if err != nil {
		return nil, err
	}
	for _, end := range []struct {
		role role
		addr string
	}{{ours, server.Addr()}, {sameServer, plain.addr()}} {
		p, err := pool.New(pool.Config{TLS: t.pool, MaxIdleStreams: u.callers})
		if err != nil {
			return nil, err
		}
		o.add(within(p.Stop))
		call := func(ctx context.Context, method string, args, reply any) error {
			return p.Call(ctx, end.addr, method, args, reply)
		}
		f.entrants = append(f.entrants, u.entrant(end.role, func(ctx context.Context, _ int) error { return m.send(ctx, call) }))
	}
	client, err := openStock(ctx, plain.addr(), t.client, u.callers)
	if err != nil {
		return nil, err
	}
	o.add(untilEnd(ctx, client.close))
	call := func(_ context.Context, method string, args, reply any) error { return client.call(method, args, reply) }
	f.entrants = append(f.entrants, u.entrant(baseline, func(ctx context.Context, _ int) error { return m.send(ctx, call) }))
	if u.noFloor {
		return f, nil
	}
	echo, err := startRaw(t.server, len(m.ask), m.answer)
	if err != nil {
		return nil, err
	}
	o.add(echo.close)
	sockets, err := openRaw(ctx, echo.addr(), t.client, u.callers, m.answer)
	if err != nil {
		return nil, err
	}
	o.add(untilEnd(ctx, sockets.close))
	f.entrants = append(f.entrants, u.entrant(floor, func(_ context.Context, worker int) error { return sockets.call(worker, m.ask) }))
	return f, nil
}

func (u unary) entrant(r role, call func(ctx context.Context, worker int) error) entrant {
	return entrant{role: r, workers: u.callers, chunk: 1, timed: true, do: func(ctx context.Context, worker, _ int) error {
		return call(ctx, worker)
	}}
}

func (u unary) message() (message, error) {
	if u.beat {
		return beatMessage()
	}
	payload := make([]byte, u.size)
	return message{ask: payload, answer: u.size, send: func(ctx context.Context, call caller) error {
		var reply []byte
		return u.check(call(ctx, method, payload, &reply), reply)
	}}, nil
}

// check is err, or that the answer is not what was sent.
func (u unary) check(err error, reply []byte) error {
	if err == nil && len(reply) != u.size {
		err = fmt.Errorf("%d bytes were answered to %d", len(reply), u.size)
	}
	return err
}
