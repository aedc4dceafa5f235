package testutil

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a Nomad server as far as a client can tell: it listens on real TCP
// and speaks the real protocol. It fails in the ways that tests demand. All its
// methods may be called from any goroutine at any time; after [Server.Stop]
// they do nothing.
type Server struct {
	cfg       ServerConfig
	addr      string
	world     *world
	ownsWorld bool
	serving   func() rpcServing // nil: the server itself

	owner   *owner[serverState]
	gate    *gate
	faults  atomic.Pointer[faultSet]
	cached  atomic.Pointer[string] // the leader to which this server holds a stream
	log     *serverLog
	table   atomic.Pointer[methodTable]
	tally   tally
	stopped chan struct{} // closed at the very end of Stop
	// running counts accept loops and connections. Only the owner adds to it,
	// and not after stopping, so it may be waited for from then on.
	running sync.WaitGroup
}

// Addr returns the host:port the server listens on. It stays the same over a
// restart.
func (s *Server) Addr() string { return s.addr }

// Advertised returns the address that clients are told: ServerConfig.Advertise, or Addr.
func (s *Server) Advertised() string { return cmp.Or(s.cfg.Advertise, s.addr) }

// Handle adds a method, or replaces one. A name is a service and a method with
// a dot between them.
func (s *Server) Handle(name string, h Handler) { s.enter(name, method{call: h}) }

// HandleStream adds a streaming method, or replaces one.
func (s *Server) HandleStream(name string, h StreamHandler) { s.enter(name, method{stream: h}) }

func (s *Server) enter(name string, m method) {
	m.calls = &atomic.Int64{}
	for {
		old := s.table.Load()
		next := maps.Clone(*old)
		if known, ok := next[name]; ok {
			m.calls = known.calls
		}
		next[name] = m
		if s.table.CompareAndSwap(old, &next) {
			return
		}
	}
}

// Kill ends the server as a crash of its machine would, short of silence: every
// connection is reset, what was unsent is lost, dialling is refused. It counts
// as dead in its cluster. [Server.Restart] brings it back.
func (s *Server) Kill() { s.down(true) }

// Shutdown ends the server as the orderly end of its process would: every
// connection ends with a FIN, dialling is refused. It counts as dead in its
// cluster. [Server.Restart] brings it back.
func (s *Server) Shutdown() { s.down(false) }

func (s *Server) down(reset bool) {
	s.owner.do(func(st *serverState) {
		st.unlisten(s)
		st.hangUp(s, reset)
		s.world.bury(s.addr, !reset)
	})
}

// Refuse closes the listener, so that dialling is refused, and leaves the open
// connections alone. The server stays alive in its cluster. [Server.Restart]
// brings it back; [Server.Accept] does so without ending the open connections.
func (s *Server) Refuse() { s.owner.do(func(st *serverState) { st.unlisten(s) }) }

// Accept ends [Server.Refuse]. The error is that of listening, or ErrStopped.
// On a server that listens it does nothing.
func (s *Server) Accept() error {
	err := ErrStopped
	s.owner.do(func(st *serverState) { err = st.relisten(s) })
	return err
}

// Restart brings the server back on the same address, as a fresh process: what
// connections were left are reset, and it is thawed. Injected faults stay. The
// error is that of listening, or ErrStopped.
func (s *Server) Restart() error {
	err := ErrStopped
	s.owner.do(func(st *serverState) {
		st.unlisten(s)
		st.hangUp(s, true)
		s.gate.release()
		if err = st.relisten(s); err == nil {
			s.world.revive(s.addr)
		}
	})
	return err
}

// Freeze stops the server as SIGSTOP stops a process: the kernel accepts and
// acknowledges, and nothing is read or answered, on open connections as on new
// ones. It counts as dead in its cluster.
func (s *Server) Freeze() {
	s.owner.do(func(*serverState) {
		s.gate.shut()
		s.world.bury(s.addr, false)
	})
}

// Thaw ends [Server.Freeze]; what arrived meanwhile is read now.
func (s *Server) Thaw() {
	s.owner.do(func(st *serverState) {
		s.gate.release()
		if st.listener != nil {
			s.world.revive(s.addr)
		}
	})
}

// GoAway tells every client with a yamux session that no further stream will
// be accepted on it. Open streams go on. It does not wait for the clients.
func (s *Server) GoAway() {
	s.owner.do(func(st *serverState) {
		for c := range st.conns {
			if session := c.session.Load(); session != nil {
				c.out.leaving.Store(true)
				s.running.Go(func() { _ = session.GoAway() }) // fails only on a closed session
			}
		}
	})
}

// stopsWithin is how long Stop waits at least. Most tests that fail have used up their context.
const stopsWithin = 5 * time.Second

// Stop ends the server and everything it started, and waits for it: until ctx ends,
// and for five seconds at least. When it ends first, because a [Handler] does not heed its
// context, the error is that of ctx; Stop may then be called again. Stopping twice is
// fine.
func (s *Server) Stop(ctx context.Context) error {
	s.owner.do(func(st *serverState) {
		st.stopping = true
		st.unlisten(s)
		st.release()
		st.hangUp(s, false)
		if !s.ownsWorld {
			s.world.bury(s.addr, true)
		}
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.running.Wait()
		s.finish()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	least := time.NewTimer(stopsWithin)
	defer least.Stop()
	select {
	case <-ended:
		return nil
	case <-least.C:
		return fmt.Errorf("testutil: server %s has handlers that do not end: %w", s.addr, context.Cause(ctx))
	}
}
