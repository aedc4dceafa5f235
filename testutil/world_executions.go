package testutil

import (
	"maps"
)

// execute counts one execution and returns how many there were.
func (w *world) execute(id string) (count int) {
	w.do(func(st *worldState) {
		st.executions[id]++
		count = st.executions[id]
	})
	return count
}

func (w *world) executed() (all map[string]int) {
	w.do(func(st *worldState) { all = maps.Clone(st.executions) })
	return all
}

func (w *world) forgetExecutions(ids []string) map[string]int {
	counts := make(map[string]int)
	w.do(func(st *worldState) {
		for _, id := range ids {
			if n := st.executions[id]; n > 0 {
				counts[id] = n
				delete(st.executions, id)
			}
		}
	})
	return counts
}
