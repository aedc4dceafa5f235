package testutil

import (
	"time"
)

// bind notes that the node can be called over the connection, from the first call
// on that names the node: a connection is one node's for good.
func (s *Server) bind(nodeID string, c *conn) {
	if c.node.Load() != nil {
		return
	}
	s.owner.do(func(st *serverState) {
		if _, open := st.conns[c]; !open || c.node.Load() != nil || c.session.Load() == nil {
			return
		}
		c.bound = time.Now()
		c.node.Store(&nodeID)
		st.sessions[nodeID] = append(st.sessions[nodeID], c)
		s.world.do(func(w *worldState) { w.conns.bind(&c.entry, nodeID) })
	})
}

// sessionOf returns the connection of a node that was bound last, nil if there is
// none.
func (s *Server) sessionOf(nodeID string) (c *conn) {
	s.owner.do(func(st *serverState) {
		if all := st.sessions[nodeID]; len(all) > 0 {
			c = all[len(all)-1]
		}
	})
	return c
}

// wayTo returns the connection over which this server reaches a node: its own, or
// else that of the server whose connection to the node is the newest, which the
// call is then forwarded to.
func (s *Server) wayTo(nodeID string) (c *conn, hops int) {
	if c := s.sessionOf(nodeID); c != nil {
		return c, 0
	}
	o := s.world.outlook()
	for _, other := range o.servers {
		if other == listener(s) || !o.isLive(other.Addr()) {
			continue
		}
		if at := other.(*Server).sessionOf(nodeID); at != nil && (c == nil || at.bound.After(c.bound)) {
			c = at
		}
	}
	return c, 1
}
