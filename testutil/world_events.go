package testutil

import "encoding/json"

// maxEvents is how many events a cluster remembers (event_buffer_size; Nomad 2.0.6, nomad/config.go).
const maxEvents = 100

// eventLog is the events about the nodes of a cluster. It belongs to the world's
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
