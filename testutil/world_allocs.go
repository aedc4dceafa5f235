package testutil

import (
	"errors"
	"fmt"
	"maps"
)

// allocs returns a node's allocations, none for one that is not registered. As
// with real servers the first look of a query counts every node's changes, a
// later one only this node's.
func (w *world) allocs(id string, first bool) (a allocations, err error) {
	stopped := !w.do(func(st *worldState) {
		a = noAllocs
		a.changed = st.arrival
		if n := st.nodes[id]; n != nil {
			a = n.allocs
			a.changed = n.changed
		}
		if first || len(a.modified) == 0 {
			a.index = max(a.index, st.allocIndex)
		}
	})
	if stopped {
		return a, ErrStopped
	}
	return a, nil
}

// setAllocs replaces a node's allocations and wakes its blocking queries.
func (w *world) setAllocs(id string, modified map[string]uint64) (index uint64, ok bool) {
	w.do(func(st *worldState) {
		n := st.nodes[id]
		if n == nil {
			return
		}
		index, ok = st.next(), true
		n.allocs = allocations{modified: maps.Clone(modified), index: index}
		if modified == nil {
			n.allocs.modified = map[string]uint64{}
		}
		st.allocIndex = index
		close(n.changed)
		n.changed = make(chan struct{})
	})
	return index, ok
}

// updateAlloc takes what a node reports of its allocations, and looks only at whether
// it may say so.
func (w *world) updateAlloc(args updateAllocArgs) (index uint64, err error) {
	stopped := !w.do(func(st *worldState) {
		if err = st.mayUpdateAlloc(args); err == nil {
			index = st.next()
			st.nodes[args.Alloc[0].NodeID].allocsUpdated = true
		}
	})
	if stopped {
		return 0, ErrStopped
	}
	return index, err
}

func (st *worldState) mayUpdateAlloc(args updateAllocArgs) error {
	if _, err := st.resolve(args.AuthToken); args.AuthToken == "" || err != nil && st.picture == nil {
		return errors.New(ErrTextPermissionDenied)
	}
	if len(args.Alloc) == 0 {
		return errors.New("must update at least one allocation")
	}
	id := args.Alloc[0].NodeID
	if id == "" {
		return errors.New(ErrTextMissingNodeID)
	}
	if err := checkID(id); err != nil {
		return fmt.Errorf("failed to retrieve node %s: %w", id, err)
	}
	if st.nodes[id] == nil && st.picture == nil {
		return fmt.Errorf("node %s not found", id)
	}
	if _, err := st.authorize(id, args.AuthToken); err != nil {
		return err
	}
	if s := st.nodes[id].Status; s == statusDown || s == statusDisconnected {
		return fmt.Errorf("node %s is not allowed to update allocs while in status %s", id, s)
	}
	if len(args.Evals) > 0 {
		return errors.New("evals field must not be set")
	}
	if err := st.refusal(); err != nil {
		return errors.New(ErrTextMulti(err.Error()))
	}
	return nil
}

// nodeOf finds the node that an allocation runs on.
func (w *world) nodeOf(allocID string) (nodeID string) {
	w.do(func(st *worldState) {
		for id, n := range st.nodes {
			if _, ok := n.allocs.modified[allocID]; ok {
				nodeID = id
			}
		}
	})
	return nodeID
}
