package dnstest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"
)

// Config configures a Server. The zero value works.
type Config struct {
	// NoTCP makes it answer over UDP only; TCP is refused.
	NoTCP bool
}

// Server is a name server that knows the records it was given and is
// authoritative for everything else. All methods may be used by any number of
// goroutines.
type Server struct {
	addr    string
	zone    atomic.Pointer[zone]
	asked   atomic.Pointer[[]string]
	with    atomic.Int64 // questions with EDNS
	without atomic.Int64
	servers []*dns.Server
	running sync.WaitGroup
}

// portsTried is how often a port is looked for that is free for UDP and TCP.
const portsTried = 50

// Start starts a Server on a port of 127.0.0.1. Stop must be called to release
// it. The error is that of listening.
func Start(cfg Config) (*Server, error) {
	var failed error
	for range portsTried {
		udp, err := net.ListenPacket("udp", cfg.addr())
		if err != nil {
			failed = err
			continue
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err != nil {
			_ = udp.Close()
			failed = err // another process has that port
			continue
		}
		if cfg.NoTCP {
			_ = tcp.Close()
			tcp = nil
		}
		return start(udp, tcp), nil
	}
	return nil, fmt.Errorf("dnstest: no port is free for UDP and TCP: %w", failed)
}

// addr is where to listen. A port whose TCP is to stay refused is one that no
// system gives to outgoing connections or to listeners on any port.
func (c Config) addr() string {
	if !c.NoTCP {
		return "127.0.0.1:0"
	}
	const lowest, below = 20_000, 32_000
	return fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(below-lowest))
}

func start(udp net.PacketConn, tcp net.Listener) *Server {
	s := &Server{addr: udp.LocalAddr().String()}
	s.zone.Store(&zone{})
	s.asked.Store(&[]string{})
	s.serve(&dns.Server{PacketConn: udp, Handler: dns.HandlerFunc(s.answer)})
	if tcp != nil {
		s.serve(&dns.Server{Listener: tcp, Handler: dns.HandlerFunc(s.answer)})
	}
	return s
}

// serve returns once the server can be shut down.
func (s *Server) serve(d *dns.Server) {
	up := make(chan struct{})
	d.NotifyStartedFunc = func() { close(up) }
	s.servers = append(s.servers, d)
	s.running.Go(func() { _ = d.ActivateAndServe() }) // ends with Stop
	<-up
}

// Addr is the host:port it listens on, for UDP and for TCP.
func (s *Server) Addr() string { return s.addr }

// Resolver asks this server and no other. A lookup that is given up leaves
// nothing behind. Names in the hosts file of the machine are still found there.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, s.addr)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = c.Close() })
		}
		return c, err
	}}
}

// Queries lists the questions so far, in order: "udp A nomad.test.".
func (s *Server) Queries() []string { return *s.asked.Load() }

// EDNS returns how many questions so far came with EDNS, and how many without.
func (s *Server) EDNS() (with, without int) { return int(s.with.Load()), int(s.without.Load()) }

// note adds a question to the list.
func (s *Server) note(w dns.ResponseWriter, q dns.Question) {
	line := fmt.Sprintf("%s %s %s", w.LocalAddr().Network(), dns.TypeToString[q.Qtype], strings.ToLower(q.Name))
	for {
		old := s.asked.Load()
		next := slices.Concat(*old, []string{line})
		if s.asked.CompareAndSwap(old, &next) {
			return
		}
	}
}

// Stop ends the server and waits for it, within ctx (ctx.Err).
func (s *Server) Stop(ctx context.Context) error {
	var errs []error
	for _, d := range s.servers {
		errs = append(errs, d.ShutdownContext(ctx))
	}
	s.running.Wait() // the handlers have returned
	return errors.Join(errs...)
}
