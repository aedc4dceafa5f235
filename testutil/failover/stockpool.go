//go:build linux

package main

import (
	"context"
	"errors"
	"net/rpc"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// stockPool holds one session per server, as a plain client does: what it knows
// of a dead one is what yamux's defaults and a failed call tell it. Nomad's ends
// one that has not been used for 5 minutes, by calls of either side; no session is
// unused for so long here.
type stockPool struct {
	sessions chan map[string]*plainclient.Session // a goroutine that has taken the map owns it
}

// stockDialTimeout is that of Nomad's clients.
const stockDialTimeout = 10 * time.Second

func newStockPool() *stockPool {
	p := &stockPool{sessions: make(chan map[string]*plainclient.Session, 1)}
	p.sessions <- map[string]*plainclient.Session{}
	return p
}

// call sends one call to addr and waits for the answer, without a limit, on another
// session if the one that is known is dead before the call is sent.
func (p *stockPool) call(addr, method string, args, reply any) error {
	s, stream, err := p.stream(addr)
	if err != nil {
		return err
	}
	err = s.CallOn(stream, method, args, reply)
	if _, answered := errors.AsType[rpc.ServerError](err); err != nil && !answered && s.IsClosed() {
		p.forget(addr, s)
	}
	return err
}

// stream takes an idle stream or opens one, on another session if that is dead.
func (p *stockPool) stream(addr string) (s *plainclient.Session, stream *plainclient.Stream, err error) {
	for range 2 {
		if s, err = p.session(addr); err != nil {
			return nil, nil, err
		}
		if stream, err = s.Take(); err == nil {
			return s, stream, nil
		}
		p.forget(addr, s)
	}
	return nil, nil, err
}

// session returns the session there is, dead or not, or a new one.
func (p *stockPool) session(addr string) (*plainclient.Session, error) {
	all := <-p.sessions
	s := all[addr]
	p.sessions <- all
	if s != nil {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stockDialTimeout)
	defer cancel()
	s, err := plainclient.Dial(ctx, addr, plainclient.Config{})
	if err != nil {
		return nil, err
	}
	all = <-p.sessions
	defer func() { p.sessions <- all }()
	if first := all[addr]; first != nil {
		_ = s.Close() // another call dialed faster
		return first, nil
	}
	all[addr] = s
	go listen(s)
	return s, nil
}

// forget drops a session, so that the next call dials.
func (p *stockPool) forget(addr string, s *plainclient.Session) {
	all := <-p.sessions
	if all[addr] == s {
		delete(all, addr)
	}
	p.sessions <- all
	_ = s.Close() // nothing uses it any more
}
