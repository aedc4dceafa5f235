package testutil

import (
	"errors"
	"time"
)

// tell adds an event of a node to the log.
func (st *worldState) tell(n *node, kind string) {
	l := &st.events
	if len(l.recent) == maxEvents {
		l.recent = append(l.recent[:0], l.recent[1:]...)
	}
	l.recent = append(l.recent, event{index: n.modified, kind: kind, node: n.view(st.signer.kid)})
	close(l.changed)
	l.changed = make(chan struct{})
}

// arrived wakes the blocking queries of nodes that are not registered.
func (st *worldState) arrived() {
	close(st.arrival)
	st.arrival = make(chan struct{})
}

// eventsFrom returns the events from the index on, and a channel that is closed when
// there are more.
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

// refusal is Raft's answer if it does not apply a write.
func (st *worldState) refusal() error {
	switch {
	case !st.transfer.at.IsZero() || st.picture != nil && st.picture.HandingOn:
		return errors.New(ErrTextTransferInProgress)
	case st.picture != nil && st.picture.Deposed:
		return errors.New(ErrTextNotLeader)
	}
	return nil
}

// population is the number of nodes in the cluster.
func (st *worldState) population() int {
	if st.picture != nil {
		return max(st.picture.NumNodes, len(st.nodes))
	}
	return len(st.nodes)
}

func (st *worldState) next() uint64 { st.index++; return st.index }

// jitter chooses evenly between zero and most.
func (w *world) jitter(most time.Duration) (d time.Duration) {
	w.do(func(st *worldState) { d = time.Duration(st.rng.Int64N(int64(most) + 1)) })
	return d
}
