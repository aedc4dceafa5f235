package testutil

import (
	"time"
)

// StartPuppet starts a server whose cluster is elsewhere, each server in a
// process of its own perhaps. It elects no leader and infers nothing: what the
// others would let it know by Raft and gossip, [Server.Tell] tells it, and until
// then there is no leader.
//
// What Raft would have replicated it does not have either. It takes each node
// that shows an ID and a token for registered, with that token, as if it had
// registered with another server; allocations are its own. The error is that of
// [StartServer], and so is the ownership.
func StartPuppet(cfg ServerConfig) (*Server, error) {
	w := newWorld(ClusterConfig{Server: cfg.withDefaults()})
	w.tell(Picture{})
	s, err := startMember(cfg, w, nil)
	if err != nil {
		w.stop()
		return nil, err
	}
	s.ownsWorld = true
	return s, nil
}

// Tell replaces what a puppet believes. Waiting calls go on if there is a leader
// now. A server that is no puppet does not listen. The slices belong to the
// server from then on.
func (s *Server) Tell(p Picture) {
	if s.world.outlook().puppet {
		s.world.tell(p)
	}
}

// tell replaces the picture of a puppet.
func (w *world) tell(p Picture) {
	w.do(func(st *worldState) {
		st.picture = &p
		st.publish(time.Now())
	})
}
