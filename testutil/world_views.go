package testutil

// view returns a node as the API shows it, and the index of the answer.
func (w *world) view(id string) (view *nodeView, index uint64, err error) {
	stopped := !w.do(func(st *worldState) {
		if err = checkID(id); err != nil {
			return
		}
		index = st.index
		if n := st.nodes[id]; n != nil {
			view, index = n.view(st.signer.kid), n.modified
		}
	})
	if stopped {
		return nil, 0, ErrStopped
	}
	return view, index, err
}
