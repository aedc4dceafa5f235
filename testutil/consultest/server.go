package testutil

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

// ConsulConfig says how a [Consul] behaves. The zero value works.
type ConsulConfig struct {
	// Addr is what to listen on: host:port, or unix:// and the path of a socket.
	// Empty: 127.0.0.1, a free port.
	Addr string
	// Datacenter is the agent's own, the first of the list. Empty: "dc1".
	Datacenter string
	// Token is what requests must carry to see a service: without one they find
	// nothing, and an unknown one is refused. Empty: there are no ACLs, and any
	// token does.
	Token string
	// BlindToken is one that is known beside Token and lets nothing be seen.
	BlindToken string
	// TLS makes it speak HTTPS only, as the configuration says. Nil: HTTP.
	TLS *tls.Config
}

// Consul is the HTTP API of a Consul agent, as far as a client that looks for
// services can tell: it knows datacenters and the services registered in them, and
// fails in the ways it is told to. All its methods may be called from any goroutine
// at any time.
type Consul struct {
	cfg    ConsulConfig
	addr   string
	server *http.Server

	quitting context.Context // ends with Stop, and with it what is held back
	quit     context.CancelFunc

	catalogue atomic.Pointer[consulCatalogue]
	faults    atomic.Pointer[[]*activeConsulFault]
	log       atomic.Pointer[consulLog]
	accepted  atomic.Int64
	open      atomic.Int64
	// running counts the accept loop and the connections. Only the accept loop
	// adds to it, so it may be waited for from the moment that loop exists.
	running sync.WaitGroup
}

// StartConsul starts an agent whose datacenter has no service yet. The error is
// that of listening. The caller owns it and must stop it.
func StartConsul(cfg ConsulConfig) (*Consul, error) {
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
		return nil, fmt.Errorf("testutil: cannot listen on %q: %w", cfg.Addr, err)
	}
	running, quit := context.WithCancel(context.Background())
	c := &Consul{cfg: cfg, addr: ln.Addr().String(), quitting: running, quit: quit}
	c.catalogue.Store(&consulCatalogue{index: 1, datacenters: []consulDatacenter{{name: cfg.Datacenter}}})
	c.faults.Store(new([]*activeConsulFault))
	c.log.Store(&consulLog{})
	c.server = &http.Server{
		Handler:           http.HandlerFunc(c.serve),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return running },
		ConnState:         c.follow,
		ErrorLog:          log.New(io.Discard, "", 0), // handshakes that fail are what tests are about
	}
	if cfg.TLS != nil {
		ln = tls.NewListener(ln, cfg.TLS)
	}
	c.running.Go(func() { _ = c.server.Serve(ln) }) // ends with Stop, which closes ln
	return c, nil
}

// follow runs on the accept loop for a new connection, and on the connection's own
// goroutine at its end.
func (c *Consul) follow(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.accepted.Add(1)
		c.open.Add(1)
		c.running.Add(1)
		if c.quitting.Err() != nil {
			_ = conn.Close() // the server may have closed all it knew before it knew this one
		}
	case http.StateClosed:
		c.open.Add(-1)
		c.running.Done()
	case http.StateActive, http.StateIdle, http.StateHijacked: // it stays open, and nothing is hijacked
	}
}

// Addr returns the host:port it listens on, or the path of its socket.
func (c *Consul) Addr() string { return c.addr }

// URL returns its address with a scheme: http, https or unix.
func (c *Consul) URL() string {
	switch {
	case strings.HasPrefix(c.cfg.Addr, "unix://"):
		return "unix://" + c.addr
	case c.cfg.TLS != nil:
		return "https://" + c.addr
	}
	return "http://" + c.addr
}

// Stop ends the agent and everything it started, requests that are held back
// included, and waits for it. Stopping twice is fine.
func (c *Consul) Stop() {
	c.quit()
	_ = c.server.Close() // the listener was closed once already
	c.running.Wait()
}
