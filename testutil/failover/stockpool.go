//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"net/rpc"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"
)

// stockPool holds one session per server, as a plain client does: what it knows
// of a dead one is what yamux's defaults and a failed call tell it. Nomad's ends
// one that has not been used for 5 minutes, by calls of either side; no session is
// unused for so long here.
type stockPool struct {
	sessions chan map[string]*stockSession // who has taken the map owns it
}

// stockSession is a session and its idle streams, which may well outlive it.
type stockSession struct {
	mux  *yamux.Session
	idle chan *msgpackrpc.MsgpackCodec
}

const (
	stockDialTimeout = 10 * time.Second
	stockIdleStreams = 2
)

func newStockPool() *stockPool {
	p := &stockPool{sessions: make(chan map[string]*stockSession, 1)}
	p.sessions <- map[string]*stockSession{}
	return p
}

// call sends one call to addr and waits for the answer, without a limit.
func (p *stockPool) call(addr, method string, args, reply any) error {
	s, stream, err := p.stream(addr)
	if err != nil {
		return err
	}
	err = msgpackrpc.CallWithCodec(stream, method, args, reply)
	if _, answered := errors.AsType[rpc.ServerError](err); err != nil && !answered {
		_ = stream.Close() // it failed already
		if s.mux.IsClosed() {
			p.forget(addr, s)
		}
		return err
	}
	select {
	case s.idle <- stream:
	default:
		_ = stream.Close() // nothing is on it
	}
	return err
}

// stream takes an idle stream or opens one, on another session if that is dead.
func (p *stockPool) stream(addr string) (s *stockSession, stream *msgpackrpc.MsgpackCodec, err error) {
	for range 2 {
		if s, err = p.session(addr); err != nil {
			return nil, nil, err
		}
		if stream, err = s.stream(); err == nil {
			return s, stream, nil
		}
		p.forget(addr, s)
	}
	return nil, nil, err
}

// session returns the session there is, dead or not, or a new one.
func (p *stockPool) session(addr string) (*stockSession, error) {
	all := <-p.sessions
	s := all[addr]
	p.sessions <- all
	if s != nil {
		return s, nil
	}
	conn, err := net.DialTimeout("tcp", addr, stockDialTimeout)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{6}); err != nil {
		_ = conn.Close()
		return nil, err
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	mux, err := yamux.Client(conn, cfg)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s = &stockSession{mux: mux, idle: make(chan *msgpackrpc.MsgpackCodec, stockIdleStreams)}
	all = <-p.sessions
	defer func() { p.sessions <- all }()
	if first := all[addr]; first != nil {
		_ = mux.Close() // somebody else was faster
		return first, nil
	}
	all[addr] = s
	go s.listen()
	return s, nil
}

// forget drops a session, so that the next call dials.
func (p *stockPool) forget(addr string, s *stockSession) {
	all := <-p.sessions
	if all[addr] == s {
		delete(all, addr)
	}
	p.sessions <- all
	_ = s.mux.Close() // nobody uses it any more
}

// stream takes an idle stream or opens one.
func (s *stockSession) stream() (*msgpackrpc.MsgpackCodec, error) {
	select {
	case c := <-s.idle:
		return c, nil
	default:
	}
	stream, err := s.mux.OpenStream()
	if err != nil {
		return nil, err
	}
	if _, err := stream.Write([]byte{1}); err != nil {
		_ = stream.Close()
		return nil, err
	}
	return msgpackrpc.NewCodecFromHandle(true, true, stream, stockHandle), nil
}

var stockHandle = &codec.MsgpackHandle{}
