package testutil

import (
	"time"
)

// StartPuppet starts a server whose cluster is elsewhere, each server in a
// process of its own perhaps. It elects nobody and infers nothing: what the
// others would let it know by Raft and gossip, [Server.Tell] tells it, and until
// then nobody leads.
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

// Tell replaces what a puppet believes. Held calls go on if there is a leader
// now. A server that is no puppet does not listen. The slices belong to the
// server from then on.
func (s *Server) Tell(p Picture) {
	if s.world.outlook().puppet {
		s.world.tell(p)
	}
}

// tell makes the world one that is told.
func (w *world) tell(p Picture) {
	w.do(func(st *worldState) {
		st.told = &p
		st.publish(time.Now())
	})
}
