package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	floors "github.com/open-nomad/rpcproxy/testutil/bench/floor"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/bench/round"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// echoMethod returns its arguments, on every server.
const echoMethod = "Echo.Echo"

// Payload is the arguments and the reply of Echo.Echo: a map, as those of Nomad are.
type Payload struct{ Data []byte }

// Echo is a service of net/rpc.
type Echo struct{}

// Echo returns its arguments.
func (Echo) Echo(args Payload, reply *Payload) error {
	*reply = args
	return nil
}

// startPlain starts a server of net/rpc that echoes. A pool pings every new connection.
func startPlain(t *tls.Config) (*plainserver.Listener, error) {
	return plainserver.Start(t, Echo{}, body.Status{})
}

// call is an echo of so many bytes, by so many callers at the same time.
type call struct {
	tls           bool
	size, callers int
	noFloor       bool // that many sockets cannot be open
}

// caller makes a call in the way of one entrant.
type caller func(ctx context.Context, method string, args, reply any) error

// message is the arguments and the reply of a call.
type message struct {
	args, reply int // bytes
	send        func(ctx context.Context, call caller) error
}

// newMessage makes a message whose bytes are those of args and reply.
func newMessage(args, reply any, send func(context.Context, caller) error) (message, error) {
	var sent, answered []byte
	err1 := codec.NewEncoderBytes(&sent, new(codec.MsgpackHandle)).Encode(args)
	err2 := codec.NewEncoderBytes(&answered, new(codec.MsgpackHandle)).Encode(reply)
	return message{args: len(sent), reply: len(answered), send: send}, errors.Join(err1, err2)
}

// callWorks are calls of every size by every number of callers; over TLS the
// largest are left out, to save time.
func callWorks() (all []work) {
	for _, secured := range []bool{false, true} {
		for _, size := range []int{64, 4 << 10, 64 << 10} {
			for _, callers := range []int{1, 16, 128} {
				if secured && size > 4<<10 {
					continue
				}
				c := call{tls: secured, size: size, callers: callers}
				all = append(all, work{name: c.name(), open: c.open})
			}
		}
	}
	return all
}

func (c call) name() string {
	transport := "tcp"
	if c.tls {
		transport = "tls"
	}
	return fmt.Sprintf("call/%s/%s/%d", transport, sizeName(c.size), c.callers)
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
func (c call) open(ctx context.Context) (s *setup, err error) {
	all := new(closers)
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close())
		}
	}()
	var creds credentials
	if c.tls {
		if creds, err = newCredentials(); err != nil {
			return nil, err
		}
	}
	server, err := testutil.StartServer(testutil.ServerConfig{TLS: creds.server})
	if err != nil {
		return nil, err
	}
	all.add(within(server.Stop))
	plain, err := startPlain(creds.server)
	if err != nil {
		return nil, err
	}
	all.add(plain.Close)
	s = &setup{slice: sliceOfNetwork, close: all.close}
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	for _, end := range []struct {
		role role
		addr string
	}{{ours, server.Addr()}, {sameServer, plain.Addr()}} {
		p, err := pool.New(pool.Config{TLS: creds.pool, MaxIdleStreams: c.callers})
		if err != nil {
			return nil, err
		}
		all.add(within(p.Stop))
		call := func(ctx context.Context, method string, args, reply any) error {
			return p.Call(ctx, end.addr, method, args, reply)
		}
		s.entrants = append(s.entrants, c.entrant(end.role, func(ctx context.Context, _ int) error { return m.send(ctx, call) }))
	}
	// More idle streams than Nomad keeps (plainclient.Config.Idle), which is faster.
	client, err := plainclient.Dial(ctx, plain.Addr(), plainclient.Config{TLS: creds.client, Idle: c.callers})
	if err != nil {
		return nil, err
	}
	all.add(untilEnd(ctx, client.Close))
	call := func(_ context.Context, method string, args, reply any) error { return client.Call(method, args, reply) }
	s.entrants = append(s.entrants, c.entrant(baseline, func(ctx context.Context, _ int) error { return m.send(ctx, call) }))
	if c.noFloor {
		return s, nil
	}
	echo, err := floors.Start(creds.server)
	if err != nil {
		return nil, err
	}
	all.add(echo.Close)
	sockets, err := floors.Open(ctx, echo.Addr(), creds.client, c.callers, m.args, m.reply)
	if err != nil {
		return nil, err
	}
	all.add(untilEnd(ctx, sockets.Close))
	s.entrants = append(s.entrants, c.entrant(floor, func(_ context.Context, worker int) error { return sockets.Call(worker) }))
	return s, nil
}

func (c call) entrant(r role, do func(ctx context.Context, worker int) error) entrant {
	return entrant{r, round.Work{Workers: c.callers, Chunk: 1, Timed: true, Do: func(ctx context.Context, worker, _ int) error {
		return do(ctx, worker)
	}}}
}

// message is that of the call. Its send fails if the reply is not the arguments.
func (c call) message() (message, error) {
	args := Payload{Data: make([]byte, c.size)}
	return newMessage(args, args, func(ctx context.Context, call caller) error {
		var reply Payload
		err := call(ctx, echoMethod, &args, &reply)
		if err == nil && len(reply.Data) != c.size {
			err = fmt.Errorf("%d bytes were answered to %d", len(reply.Data), c.size)
		}
		return err
	})
}
