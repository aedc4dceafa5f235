package agenthttp

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config configures a [Server]. The zero value works.
type Config struct {
	// Addr is the TCP address to listen on. Empty: 127.0.0.1, a free port.
	Addr string
	// Region is the agent's; a request for another one is refused. Empty: "global".
	Region string
	// TLS makes it speak HTTPS only, with this configuration. Nil: HTTP.
	TLS *tls.Config
}

// Server is the HTTP API of an agent. All its methods may be called from any goroutine.
type Server struct {
	cfg     Config
	addr    string
	server  *http.Server
	peers   atomic.Pointer[[]string]
	answer  atomic.Pointer[canned]
	ahead   atomic.Int64 // of the clock, in nanoseconds
	asked   atomic.Int64
	token   atomic.Pointer[string]
	running sync.WaitGroup
}

// canned is an answer in place of the true one.
type canned struct {
	status int
	text   string
}

// Start starts an agent that knows no server. The error is that of listening. The caller
// owns it and must stop it.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Region == "" {
		cfg.Region = "global"
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("agenthttp: cannot listen on %q: %w", cfg.Addr, err)
	}
	s := &Server{cfg: cfg, addr: ln.Addr().String()}
	s.peers.Store(&[]string{})
	s.token.Store(new(string))
	s.server = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // handshakes that fail are what tests are about
	}
	if cfg.TLS != nil {
		ln = tls.NewListener(ln, cfg.TLS)
	}
	s.running.Go(func() { _ = s.server.Serve(ln) }) // ends with Stop
	return s, nil
}

// Addr returns the host:port it listens on.
func (s *Server) Addr() string { return s.addr }

// URL returns its address with a scheme.
func (s *Server) URL() string {
	if s.cfg.TLS != nil {
		return "https://" + s.addr
	}
	return "http://" + s.addr
}

// SetPeers names the servers of the cluster; the first one leads.
func (s *Server) SetPeers(addrs ...string) { s.peers.Store(&addrs) }

// SetClock sets its clock ahead of that of this machine, or behind if it is negative.
func (s *Server) SetClock(ahead time.Duration) { s.ahead.Store(int64(ahead)) }

// Answer makes it answer every request so. Status 0 ends that.
func (s *Server) Answer(status int, text string) { s.answer.Store(&canned{status, text}) }

// Asked returns how many requests it had, and the token of the last one.
func (s *Server) Asked() (n int, token string) { return int(s.asked.Load()), *s.token.Load() }

// Stop ends the agent with all its connections. The error is always nil.
func (s *Server) Stop(context.Context) error {
	_ = s.server.Close() // of a listener that may be closed already
	s.running.Wait()
	return nil
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get("X-Nomad-Token")
	s.token.Store(&token)
	s.asked.Add(1)
	ahead := time.Duration(s.ahead.Load())
	w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
	peers := *s.peers.Load()
	region := r.URL.Query().Get("region")
	fault := s.answer.Load()
	switch {
	case fault != nil && fault.status != 0:
		w.WriteHeader(fault.status)
		_, _ = io.WriteString(w, fault.text) // the client may be gone
	case r.Method != http.MethodGet:
		http.Error(w, "Invalid method", http.StatusMethodNotAllowed)
	case region != "" && region != s.cfg.Region:
		http.Error(w, "No path to region", http.StatusInternalServerError)
	case r.URL.Path == "/v1/status/peers":
		reply(w, peers)
	case r.URL.Path == "/v1/status/leader" && len(peers) > 0:
		reply(w, peers[0])
	case r.URL.Path == "/v1/status/leader":
		http.Error(w, "No cluster leader", http.StatusInternalServerError)
	default:
		http.NotFound(w, r)
	}
}

// reply writes v as the API does.
func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
