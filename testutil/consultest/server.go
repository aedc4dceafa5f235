package consultest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config configures a [Server]. The zero value works.
type Config struct {
	// Addr is what to listen on: host:port, or unix:// and the path of a socket.
	// Empty: 127.0.0.1, a free port.
	Addr string
	// Datacenter is the agent's own, the first of the list. Empty: "dc1".
	Datacenter string
	// Token is what requests must carry to see a service: without one they find
	// nothing, and an unknown one is refused. Empty: there are no ACLs, and any
	// token does.
	Token string
	// BlindToken is another known token; it lets nothing be seen.
	BlindToken string
	// TLS makes it speak HTTPS only, with this configuration. Nil: HTTP.
	TLS *tls.Config
}

// Server is the HTTP API of a Consul agent, as far as discovery of services uses it.
// It knows datacenters and the services registered in them, and fails as injected.
// All its methods may be called from any goroutine at any time.
type Server struct {
	cfg    Config
	addr   string
	server *http.Server

	quitting context.Context // ends with Stop, and with it what is delayed
	quit     context.CancelFunc

	catalogue atomic.Pointer[registry]
	faults    atomic.Pointer[[]*activeFault]
	log       atomic.Pointer[requestLog]
	accepted  atomic.Int64
	open      atomic.Int64
	// running counts the accept loop and the connections. Only the accept loop
	// adds to it, so it may be waited for from the moment that loop exists.
	running sync.WaitGroup
}

// Start starts an agent whose datacenter has no service yet. The error is
// that of listening. The caller owns it and must stop it.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Datacenter == "" {
		cfg.Datacenter = "dc1"
	}
	network, addr := "tcp", cfg.Addr
	if path, socket := strings.CutPrefix(cfg.Addr, "unix://"); socket {
		network, addr = "unix", path
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		return nil, fmt.Errorf("consultest: cannot listen on %q: %w", cfg.Addr, err)
	}
	running, quit := context.WithCancel(context.Background())
	s := &Server{cfg: cfg, addr: ln.Addr().String(), quitting: running, quit: quit}
	s.catalogue.Store(&registry{index: 1, datacenters: []dcServices{{name: cfg.Datacenter}}})
	s.faults.Store(new([]*activeFault))
	s.log.Store(&requestLog{})
	s.server = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return running },
		ConnState:         s.countConn,
		ErrorLog:          log.New(io.Discard, "", 0), // handshakes that fail are what tests are about
	}
	if cfg.TLS != nil {
		ln = tls.NewListener(ln, cfg.TLS)
	}
	s.running.Go(func() { _ = s.server.Serve(ln) }) // ends with Stop, which closes ln
	return s, nil
}

// countConn runs on the accept loop for a new connection, and on the connection's own
// goroutine at its end.
func (s *Server) countConn(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.accepted.Add(1)
		s.open.Add(1)
		s.running.Add(1)
		if s.quitting.Err() != nil {
			_ = conn.Close() // the server may have closed all it knew before it knew this one
		}
	case http.StateClosed:
		s.open.Add(-1)
		s.running.Done()
	case http.StateActive, http.StateIdle, http.StateHijacked: // it stays open, and nothing is hijacked
	}
}

// Addr returns the host:port it listens on, or the path of its socket.
func (s *Server) Addr() string { return s.addr }

// URL returns its address with a scheme: http, https or unix.
func (s *Server) URL() string {
	switch {
	case strings.HasPrefix(s.cfg.Addr, "unix://"):
		return "unix://" + s.addr
	case s.cfg.TLS != nil:
		return "https://" + s.addr
	}
	return "http://" + s.addr
}

// Stop ends the agent and everything it started, requests that are delayed
// included, and waits for it. Stopping twice is fine.
func (s *Server) Stop() {
	s.quit()
	_ = s.server.Close() // the listener was closed once already
	s.running.Wait()
}
