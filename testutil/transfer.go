package testutil

import (
	"context"
	"errors"
	"slices"
	"time"
)

// transfer is the handing on of the leadership, while that is under way.
type transfer struct {
	to string
	at time.Time // when it is over
}

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

// loseLeader notes for how long calls are still forwarded to a leader that is
// gone, and how it went.
func (st *worldState) loseLeader(now time.Time) {
	window := st.cfg.ForwardErrorWindow
	m := st.member(st.leader)
	st.parted = m != nil && m.parted
	if st.parting == st.leader {
		st.parted = true
		if window == 0 {
			window = untilElected
		}
	}
	st.parting = ""
	st.lost, st.lostUntil = st.leader, now.Add(window)
}

// untilElected is longer than any cluster of tests is without a leader.
const untilElected = 1000 * time.Hour

// refusal is what Raft answers instead of applying a write.
func (st *worldState) refusal() error {
	switch {
	case !st.transfer.at.IsZero() || st.told != nil && st.told.HandingOn:
		return errors.New(ErrTextTransferInProgress)
	case st.told != nil && st.told.Deposed:
		return errors.New(ErrTextNotLeader)
	}
	return nil
}
