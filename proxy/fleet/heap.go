package fleet

// before orders events: by time, then by when they were pushed, so that runs repeat.
func (e *timed) before(o *timed) bool {
	if e.at != o.at {
		return e.at < o.at
	}
	return int32(e.seq-o.seq) < 0
}

// pushHeap puts an event into the heap, in which each has four below it.
func (q *queue) pushHeap(ev event) {
	q.seq++
	e := timed{ev, q.seq}
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		above := (i - 1) / 4
		if !e.before(&q.heap[above]) {
			break
		}
		q.heap[i] = q.heap[above]
		i = above
	}
	q.heap[i] = e
}

// pop takes the earliest event of the heap, of which there must be one.
func (q *queue) pop() event {
	first := q.heap[0].event
	n := len(q.heap) - 1
	e := q.heap[n]
	q.heap = q.heap[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		for j := child + 1; j < min(child+4, n); j++ {
			if q.heap[j].before(&q.heap[least]) {
				least = j
			}
		}
		if !q.heap[least].before(&e) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
	return first
}
