package testutil

// Nodes returns the nodes registered in the server's cluster, ordered by ID.
func (s *Server) Nodes() []NodeRecord { return s.world.records() }

// Purge forgets a node. It answers false if there was none.
func (s *Server) Purge(nodeID string) bool { return s.world.purge(nodeID) }

// SetAllocs replaces the allocations of a node (allocation ID to modify index)
// and so wakes its blocking queries. It returns the new index, and false if the
// node is not registered.
func (s *Server) SetAllocs(nodeID string, allocs map[string]uint64) (index uint64, ok bool) {
	return s.world.setAllocs(nodeID, allocs)
}
