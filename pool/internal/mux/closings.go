package mux

import "sync/atomic"

// closings are the streams that yamux is still to forget, between two frames that come
// in. It needs no bound: there are no more than were opened.
type closings struct {
	first atomic.Pointer[closing] // the last one first
	taken *closing                // of the reading goroutine
}

type closing struct {
	stream uint32
	next   *closing
}

func (q *closings) add(stream uint32) {
	n := &closing{stream: stream}
	for {
		n.next = q.first.Load()
		if q.first.CompareAndSwap(n.next, n) {
			return
		}
	}
}

// fill writes frames that reset into b, as many as there are and fit. The reading
// goroutine gives them to yamux as if the server had sent them.
func (q *closings) fill(b []byte) (n int) {
	if q.taken == nil {
		if q.first.Load() == nil {
			return 0
		}
		q.taken = q.first.Swap(nil)
	}
	for ; q.taken != nil && len(b)-n >= HeadSize; q.taken = q.taken.next {
		putHead(b[n:], typeWindow, flagRST, q.taken.stream, 0)
		n += HeadSize
	}
	return n
}
