package testutil

import (
	"fmt"
)

// StartServer starts a server that stands alone: a cluster of one, which it
// leads. The error is *ConfigError, or that of listening. The caller owns the
// server and must stop it.
func StartServer(cfg ServerConfig) (*Server, error) { return startAlone(cfg, nil) }

// startAlone starts a server with a world of its own.
func startAlone(cfg ServerConfig, serving func() rpcServing) (*Server, error) {
	w := newWorld(ClusterConfig{Server: cfg.withDefaults()})
	s, err := startMember(cfg, w, serving)
	if err != nil {
		w.stop()
		return nil, err
	}
	s.ownsWorld = true
	return s, nil
}

// startMember starts a server in a world. Serving, unless nil, makes what
// answers on a connection in place of the server's methods.
func startMember(cfg ServerConfig, w *world, serving func() rpcServing) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	ln, err := listenTCP(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("testutil: cannot listen on %q: %w", cfg.Addr, err)
	}
	s := &Server{cfg: cfg, serving: serving, addr: ln.Addr().String(), world: w, gate: newGate(), log: newServerLog(), stopped: make(chan struct{})}
	s.faults.Store(newFaultSet(nil))
	s.table.Store(&methodTable{})
	s.registerBuiltins()
	s.owner = own(&serverState{
		conns:     map[*conn]string{},
		perClient: map[string]int{},
		sessions:  map[string][]*conn{},
	})
	joined := w.join(s, ServerInfo{
		RPCAdvertiseAddr: s.addr,
		Datacenter:       cfg.Datacenter,
		RPCMajorVersion:  cfg.RPCMajorVersion,
		RPCMinorVersion:  cfg.RPCMinorVersion,
	})
	if !joined {
		s.owner.stop()
		_ = ln.Close() // nobody was accepted
		return nil, ErrStopped
	}
	if !s.owner.do(func(st *serverState) { err = st.listen(s, ln) }) {
		_ = ln.Close() // stopped already, and nobody was accepted
		err = ErrStopped
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}
