package testutil

import (
	"slices"
	"time"
)

// Connection is an open connection of a client to a server.
type Connection struct {
	Server   string    // address
	Remote   string    // address of the client's end
	NodeID   string    // of the node that is called over it; empty: of none yet
	Accepted time.Time // when
	Streams  OpenCount // opened by the client
	Reverse  OpenCount // opened by the server
}

// Connections lists the server's open connections, in the order they came. A
// connection is open from the moment it is accepted until the server notices its
// end. After Stop there is none.
func (s *Server) Connections() (all []Connection) {
	s.owner.do(func(st *serverState) {
		for c := range st.conns {
			one := Connection{
				Server: s.addr, Remote: c.sock.RemoteAddr().String(), Accepted: c.accepted,
				Streams: c.opened.count(), Reverse: c.reversed.count(),
			}
			if id := c.node.Load(); id != nil {
				one.NodeID = *id
			}
			all = append(all, one)
		}
	})
	slices.SortFunc(all, func(a, b Connection) int { return a.Accepted.Compare(b.Accepted) })
	return all
}

// NodeConns counts the sessions of one node.
type NodeConns struct {
	OpenCount
	Servers map[string]int // open now, by the server's address
}

// Conns counts the connections to all servers of the cluster, from the moment
// each is accepted until its server notices its end: so Peak may be too high by
// some that ended just before another began.
func (c *Cluster) Conns() OpenCount { return c.world.connsOf("").OpenCount }

// NodeConns counts the sessions of a node to all servers of the cluster. A session
// becomes a node's by a call on it that names the node (Node.Register,
// Node.UpdateStatus, Node.GetClientAllocs, Node.UpdateAlloc); that it was open
// before then counts for Peak, too.
func (c *Cluster) NodeConns(nodeID string) NodeConns { return c.world.connsOf(nodeID) }

// NodeConns counts the sessions of a node to all servers of the server's cluster;
// see [Cluster.NodeConns].
func (s *Server) NodeConns(nodeID string) NodeConns { return s.world.connsOf(nodeID) }

// connsOf counts the connections of a node; empty: of everybody.
func (w *world) connsOf(nodeID string) NodeConns {
	out := NodeConns{Servers: map[string]int{}}
	w.do(func(st *worldState) {
		if nodeID == "" {
			out.OpenCount = st.conns.all
			return
		}
		if n := st.conns.nodes[nodeID]; n != nil {
			out.OpenCount = n.OpenCount
			for c := range n.open {
				out.Servers[c.server]++
			}
		}
	})
	return out
}
