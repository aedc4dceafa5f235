package testutil

import "encoding/json"

// maxEvents is how many events a cluster remembers, as real servers do.
const maxEvents = 100

// eventLog is what happened to the nodes of a cluster. It belongs to the world's
// owner.
type eventLog struct {
	recent  []event
	changed chan struct{} // closed when there is another one
}

type event struct {
	index uint64
	kind  string
	node  *nodeView // never changed
}

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

// data is the event as the stream carries it: JSON of a list of one.
func (e event) data() ([]byte, error) {
	type payload struct{ Node *nodeView }
	type entry struct {
		FilterKeys     []string
		Index          uint64
		Key, Namespace string
		Payload        payload
		Topic, Type    string
	}
	return json.Marshal(struct {
		Events []entry
		Index  uint64
	}{[]entry{{Index: e.index, Key: e.node.ID, Payload: payload{e.node}, Topic: "Node", Type: e.kind}}, e.index})
}
