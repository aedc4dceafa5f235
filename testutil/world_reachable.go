package testutil

import "fmt"

// unreachableError is the reason for which no server calls a node.
type unreachableError struct {
	code   int    // of a stream
	text   string // what a call is answered
	stream string // and a stream
}

func (e *unreachableError) Error() string { return e.text }

// reachable reports as an error why no server may call a node. The error is
// *unreachableError, or ErrStopped.
func (w *world) reachable(id string) (err error) {
	stopped := !w.do(func(st *worldState) {
		n := st.nodes[id]
		switch {
		case id == "":
			err = &unreachableError{400, "missing NodeID", "missing NodeID"}
		case st.picture != nil && n == nil:
		case n == nil:
			err = &unreachableError{404, ErrTextUnknownNode(id), fmt.Sprintf("Unknown node %q", id)}
		case !st.trusts(n):
			if text := callable(n.attributes); text != "" {
				err = &unreachableError{400, text, text}
			}
		}
	})
	if stopped {
		return ErrStopped
	}
	return err
}
