package testutil

import (
	"io"
	"net"
	"slices"
	"time"
)

// serverState belongs to the server's owner.
type serverState struct {
	listener    net.Listener // nil while nothing is accepted
	placeholder io.Closer    // keeps the address while there is no listener
	conns       map[*conn]string
	perClient   map[string]int
	sessions    map[string][]*conn // of a node, the one that was bound last at the end
	stopping    bool
	ended       bool
}

// listen starts to accept on ln, or closes it when the server was stopped.
func (st *serverState) listen(s *Server, ln net.Listener) error {
	if st.stopping {
		_ = ln.Close() // no connection was accepted
		return ErrStopped
	}
	st.listener = ln
	s.running.Go(func() { s.acceptAll(ln) })
	return nil
}

// unlisten stops accepting and keeps the address from being given to another
// process, an outgoing connection for example.
func (st *serverState) unlisten(s *Server) {
	if st.listener == nil {
		return
	}
	st.placeholder = holdAddr(s.addr)
	_ = st.listener.Close() // nothing is left to be done about it
	st.listener = nil
	if st.placeholder == nil { // it can be had only now, unless another process was faster
		st.placeholder = holdAddr(s.addr)
	}
}

func (st *serverState) release() {
	if st.placeholder != nil {
		_ = st.placeholder.Close() // nothing is left to be done about it
		st.placeholder = nil
	}
}

func (st *serverState) relisten(s *Server) error {
	switch {
	case st.stopping:
		return ErrStopped
	case st.listener != nil:
		return nil
	}
	ln, err := listenTCP(s.addr)
	if err != nil { // some systems refuse a listener where the address is reserved
		st.release()
		ln, err = listenTCP(s.addr)
	}
	if err != nil {
		st.placeholder = holdAddr(s.addr)
		return err
	}
	st.release()
	return st.listen(s, ln)
}

// hangUp ends every connection, also frozen ones, and forgets them.
func (st *serverState) hangUp(s *Server, reset bool) {
	for c := range st.conns {
		c.hangUp(reset)
		st.drop(s, c)
	}
}

// drop forgets a connection that has ended, if that has not been done.
func (st *serverState) drop(s *Server, c *conn) {
	client, known := st.conns[c]
	if !known {
		return
	}
	st.unbind(c)
	delete(st.conns, c)
	s.world.do(func(w *worldState) { w.conns.remove(&c.entry, c.node.Load()) })
	s.tally.conns.close()
	if st.perClient[client]--; st.perClient[client] == 0 {
		delete(st.perClient, client)
	}
}

// acceptAll runs until ln is closed.
func (s *Server) acceptAll(ln net.Listener) {
	for {
		sock, err := ln.Accept()
		if err == nil {
			s.admit(ln, sock)
			continue
		}
		listening := false
		s.owner.do(func(st *serverState) { listening = st.listener == ln })
		if !listening {
			return
		}
		select { // out of descriptors, most likely: some will be freed
		case <-time.After(10 * time.Millisecond):
		case <-s.owner.done:
			return
		}
	}
}

// admit starts to serve a connection, or resets it when the listener it came
// from was closed meanwhile.
func (s *Server) admit(ln net.Listener, sock net.Conn) {
	client := sock.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(client); err == nil {
		client = host
	}
	s.owner.do(func(st *serverState) {
		c := newConn(s, sock)
		if st.listener != ln {
			c.hangUp(true)
			return
		}
		s.tally.accepted.Add(1)
		if limit := s.cfg.MaxConnsPerClient; limit > 0 && st.perClient[client] >= limit {
			c.hangUp(false)
			return
		}
		st.perClient[client]++
		st.conns[c] = client
		s.world.do(func(w *worldState) { w.conns.open(&c.entry) })
		s.tally.conns.open()
		s.running.Go(c.serve)
	})
}

// forget drops a connection that has ended.
func (s *Server) forget(c *conn) { s.owner.do(func(st *serverState) { st.drop(s, c) }) }

// finish stops the owners, once, after everything else has ended, and waits.
func (s *Server) finish() {
	first := false
	s.owner.do(func(st *serverState) { first, st.ended = !st.ended, true })
	if first {
		s.owner.stop()
		if s.ownsWorld {
			s.world.stop()
		}
		close(s.stopped)
	}
	<-s.stopped
}

// unbind runs on the owner's goroutine.
func (st *serverState) unbind(c *conn) {
	at := c.node.Load()
	if at == nil {
		return
	}
	left := slices.DeleteFunc(st.sessions[*at], func(x *conn) bool { return x == c })
	if st.sessions[*at] = left; len(left) == 0 {
		delete(st.sessions, *at)
	}
}
