package testutil

import (
	"context"
	"slices"
	"time"
)

// TransferLeadership hands the leadership on, as an operator does: nobody dies.
// For [ClusterConfig.TransferDelay] the leader answers writes with Raft's
// "leadership transfer in progress", while reads, pings and heartbeats that
// change nothing go on; then the successor leads, which is returned. When the
// leader or the successor dies meanwhile, it comes to nothing. It returns "" when
// there is no leader or nobody who could take over. It does not wait; see
// [Cluster.AwaitLeadership].
func (c *Cluster) TransferLeadership() (successor string) {
	c.world.do(func(st *worldState) {
		others := slices.DeleteFunc(st.live(), func(addr string) bool { return addr == st.leader })
		if st.leader == "" || len(others) == 0 {
			return
		}
		successor = others[st.rng.IntN(len(others))]
		st.transfer = transfer{to: successor, at: time.Now().Add(st.cfg.TransferDelay)}
	})
	return successor
}

// AwaitLeadership waits until the server with the address leads. The error is
// that of ctx.
func (c *Cluster) AwaitLeadership(ctx context.Context, addr string) error {
	for {
		o := c.world.outlook()
		if o.leader == addr {
			return nil
		}
		select {
		case <-o.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// StopLeader shuts the leader down in an orderly way, as a rolling restart does
// (golden leader_interrupted): a follower that had forwarded to it answers the
// next call with "stream closed", of which nothing was sent, and further ones
// with a refused dial, until [ClusterConfig.ForwardErrorWindow] is over, or there
// is a new leader if that is zero. It returns the server that was stopped, nil if
// there was no leader. [Server.Restart] brings it back.
func (c *Cluster) StopLeader() *Server {
	var addr string
	c.world.do(func(st *worldState) {
		addr = st.leader
		st.parting = addr
	})
	s := c.ServerAt(addr)
	if s != nil {
		s.Shutdown()
	}
	return s
}
