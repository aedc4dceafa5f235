package testutil

import (
	"errors"
	"time"
)

// tell notes what happened to a node.
func (st *worldState) tell(n *node, kind string) {
	l := &st.events
	if len(l.recent) == maxEvents {
		l.recent = append(l.recent[:0], l.recent[1:]...)
	}
	l.recent = append(l.recent, event{index: n.modified, kind: kind, node: n.view(st.signer.kid)})
	close(l.changed)
	l.changed = make(chan struct{})
}

// arrived tells those who wait for nodes that are not registered.
func (st *worldState) arrived() {
	close(st.arrival)
	st.arrival = make(chan struct{})
}

// eventsFrom returns what happened from the index on, and what tells of more.
func (w *world) eventsFrom(index uint64) (all []event, more <-chan struct{}) {
	w.do(func(st *worldState) {
		for _, e := range st.events.recent {
			if e.index >= index {
				all = append(all, e)
			}
		}
		more = st.events.changed
	})
	return all, more
}

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

// population is the number of nodes in the cluster.
func (st *worldState) population() int {
	if st.told != nil {
		return max(st.told.NumNodes, len(st.nodes))
	}
	return len(st.nodes)
}

func (st *worldState) next() uint64 { st.index++; return st.index }

// jitter chooses evenly between zero and most.
func (w *world) jitter(most time.Duration) (d time.Duration) {
	w.do(func(st *worldState) { d = time.Duration(st.rng.Int64N(int64(most) + 1)) })
	return d
}
