package testutil

import "errors"

// deregister forgets a node on its behalf. Without access control everyone may.
func (w *world) deregister(id string) (reply nodeReply, err error) {
	stopped := !w.do(func(st *worldState) {
		switch {
		case id == "":
			err = errors.New("missing node ID for client deregistration")
		case checkID(id) != nil:
			err = checkID(id)
		case st.nodes[id] == nil:
			err = errors.New(ErrTextNodeNotFound)
		default:
			if err = st.refusal(); err == nil {
				reply.Index = st.purge(id)
				reply.NodeModifyIndex = reply.Index
			}
		}
	})
	if stopped {
		return reply, ErrStopped
	}
	return reply, err
}

// purge forgets a node. Its identity stays a good one.
func (w *world) purge(id string) (known bool) {
	w.do(func(st *worldState) {
		if known = st.nodes[id] != nil; known {
			st.purge(id)
		}
	})
	return known
}

func (st *worldState) purge(id string) (index uint64) {
	n := st.nodes[id]
	n.modified = st.next()
	delete(st.secrets, n.SecretID)
	delete(st.nodes, id)
	close(n.changed)
	st.tell(n, "NodeDeregistration")
	return n.modified
}
