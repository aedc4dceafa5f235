package testutil

import (
	"context"
	"errors"
	"time"
)

// Picture is what a puppet believes of its cluster. The zero value is that of a
// server that has just been started: it knows nobody and no leader.
type Picture struct {
	Leader     string       // address; empty: no leader is known
	Lost       string       // while there is no leader: the one that calls are still forwarded to
	Parted     bool         // Lost ended in an orderly way, it did not die
	Stuck      bool         // Lost does not refuse these calls, it leaves them without an answer
	HandingOn  bool         // the leader is handing the leadership on: writes are refused
	Deposed    bool         // the leader has stepped down, which is known to it alone: writes are refused
	Configured []string     // addresses of all members
	Live       []ServerInfo // the members that heartbeats name
	NumNodes   int          // nodes registered in the whole cluster
}

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

// outlook is the picture in the form in which it is published.
func (p *Picture) outlook() *outlook {
	next := &outlook{
		puppet: true, leader: p.Leader, configured: p.Configured, live: p.Live,
		changed: make(chan struct{}),
	}
	if p.Leader == "" {
		next.lost, next.parted, next.stuck = p.Lost, p.Parted, p.Stuck
	}
	return next
}

// takeOnTrust enters the node if it is not known yet.
func (st *worldState) takeOnTrust(id, token string) {
	if st.nodes[id] != nil {
		return
	}
	n := &node{changed: make(chan struct{}), allocs: noAllocs, trusted: true}
	n.ID, n.SecretID, n.Identity, n.Status = id, token, token, statusReady
	st.nodes[id] = n
	st.arrived()
}

// population is the number of nodes in the cluster.
func (st *worldState) population() int {
	if st.told != nil {
		return max(st.told.NumNodes, len(st.nodes))
	}
	return len(st.nodes)
}

// forwardStuck is how long a server waits for one that does not answer: until
// the keepalive of the session between them gives up.
const forwardStuck = 30 * time.Second

// stuck is the fate of a call that was forwarded to a leader that has gone
// silent. A new leader does not help it: the call is not there.
func (s *Server) stuck(ctx context.Context, over *time.Timer) (string, error) {
	over.Reset(forwardStuck)
	select {
	case <-over.C:
		return "", errors.New(ErrTextForwardEOF)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
