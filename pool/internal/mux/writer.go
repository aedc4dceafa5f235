package mux

import (
	"runtime"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
)

// writer sends frames over a transport. One goroutine at a time has the token to write,
// and writes the frames that others have queued as well.
type writer struct {
	transport

	queue   atomic.Pointer[Frame] // frames for the goroutine with the token, the last one first
	queued  atomic.Int64          // number of frames there and in next
	busy    atomic.Bool           // the token: a goroutine writes
	stalled atomic.Bool           // next was not empty when the token was given back
	ready   atomic.Int64          // callers whose reply is there and that have not run yet
	resets  resetQueue            // streams to be reset at the peer

	// Of the goroutine with the token.
	next  *Frame   // of those that were queued and are still to be taken, in order
	lot   []*Frame // taken, to be written together
	size  int      // bytes of the lot
	batch []byte   // the same bytes, copied
}

const (
	// joinLimit is the largest frame, in bytes, that is copied to be written with others.
	joinLimit = 16 << 10
	// batchLimit is how many bytes are written together.
	batchLimit = 64 << 10
	// joinFrames is how many queued frames wait for no further one.
	joinFrames = 16
	// pumpRounds is how often a sender writes frames that were queued meanwhile, before a
	// goroutine takes over.
	pumpRounds = 8
)

// Send queues a frame and has it written: by the caller, or by the goroutine that writes
// already. It does not block; on a transport that may block a goroutine writes.
func (w *writer) Send(f *Frame) {
	w.enqueue(f)
	w.pump()
}

// sendApart is Send for a goroutine that stays, and whose stack is not to grow: another one writes.
func (w *writer) sendApart(f *Frame) {
	w.enqueue(f)
	if w.waiting() && !w.Congested() && w.busy.CompareAndSwap(false, true) && !w.spawn(w.relay) {
		w.busy.Store(false) // the session is over
	}
}

// Post is Send for a caller that others, which are about to run, may join: it lets them run first.
func (w *writer) Post(f *Frame) {
	w.enqueue(f)
	runtime.Gosched()
	w.pump()
}

// Join is Send for a caller that others may follow at once: those for which CallerReady
// was called and CallerRuns was not. The last of these writes, unless many frames wait.
func (w *writer) Join(f *Frame) {
	w.enqueue(f)
	if w.ready.Load() == 0 || w.queued.Load() >= joinFrames {
		w.pump()
	}
}

// CallerReady reports that a caller is about to run, because its reply is there.
func (w *writer) CallerReady() { w.ready.Add(1) }

// CallerRuns reports that it runs.
func (w *writer) CallerRuns() {
	if w.ready.Add(-1) == 0 && w.waiting() {
		w.pump()
	}
}

// Queued is the number of frames that wait for the writer.
func (w *writer) Queued() int64 { return w.queued.Load() }

// Pause takes the token, so that frames stay queued until resume is called; it reports
// false while a goroutine writes. Tests call it.
func (w *writer) Pause() (resume func(), ok bool) {
	return func() { w.busy.Store(false); w.pump() }, w.busy.CompareAndSwap(false, true)
}

// enqueue puts a frame where the goroutine with the token finds it.
func (w *writer) enqueue(f *Frame) {
	f.state.Store(uint32(FrameQueued))
	w.queued.Add(1)
	for {
		f.next = w.queue.Load()
		if w.queue.CompareAndSwap(f.next, f) {
			return
		}
	}
}

// waiting reports whether frames wait for the goroutine with the token.
func (w *writer) waiting() bool { return w.queue.Load() != nil || w.stalled.Load() }

// pump writes the queued frames, unless another goroutine does. A goroutine that gives
// the token back looks at the queue again, so a frame that was queued meanwhile is not
// forgotten; while the transport is congested, the goroutine that drains it does.
func (w *writer) pump() {
	for round := 0; w.waiting() && !w.Congested() && w.busy.CompareAndSwap(false, true); round++ {
		if w.nb == nil || round == pumpRounds {
			if !w.spawn(w.relay) {
				w.busy.Store(false)
				return // the session is over
			}
			return
		}
		w.flush()
		w.busy.Store(false)
	}
}

// relay is pump in a goroutine that starts with the token.
func (w *writer) relay() {
	for {
		w.flush()
		w.busy.Store(false)
		if !w.waiting() || w.Congested() || !w.busy.CompareAndSwap(false, true) {
			return
		}
	}
}

// flush writes the queued frames, in order, as far as the transport has room. The caller
// has the token.
func (w *writer) flush() {
	w.sendResets()
	if w.next == nil {
		for f := w.queue.Swap(nil); f != nil; {
			f.next, w.next, f = w.next, f, f.next
		}
	}
	for w.next != nil && !w.Congested() {
		f := w.next
		w.next = f.next // before its sender may use it again
		w.queued.Add(-1)
		w.add(f)
	}
	w.put()
	w.stalled.Store(w.next != nil)
}

// add takes a frame, if it was not withdrawn, for the next write.
func (w *writer) add(f *Frame) {
	if !f.state.CompareAndSwap(uint32(FrameQueued), uint32(FrameWriting)) {
		return
	}
	size := len(f.Bytes) + len(f.tail)
	if len(w.lot) > 0 && (size > joinLimit || w.size+size > batchLimit) {
		w.put()
	}
	w.lot = append(w.lot, f)
	if w.size += size; size > joinLimit {
		w.put()
	}
}

// put writes the lot and settles its frames. A failure is reported after that, so that
// a caller which learns of it finds its frame settled.
func (w *writer) put() {
	if len(w.lot) == 0 {
		return
	}
	n, err := 0, w.unwritable()
	switch {
	case err != nil:
	case len(w.lot) == 1:
		n, err = w.write(w.lot[0].Bytes, w.lot[0].tail)
	default:
		for _, f := range w.lot {
			w.batch = append(w.batch, f.Bytes...)
			w.batch = append(w.batch, f.tail...)
		}
		n, err = w.write(w.batch, nil)
		w.batch = w.batch[:0]
	}
	first := err != nil && w.setFault(err)
	for i, f := range w.lot {
		state, size := FrameWritten, len(f.Bytes)+len(f.tail)
		switch {
		case err == nil:
		case n <= 0:
			state = FrameRefused
		case n < size:
			state = FrameTorn
		}
		n -= size
		f.settle(state)
		w.lot[i] = nil
	}
	w.lot, w.size = w.lot[:0], 0
	if first && w.onFault != nil {
		w.onFault(err)
	}
}

// resetsQueued is how many resets may wait for a frame to go before or behind.
const resetsQueued = 256

// resetQueue is the numbers of streams for which a RST is still to be written. One goroutine at a
// time takes them. It holds no memory while there are none.
type resetQueue struct {
	room    atomic.Pointer[chan struct{}] // has a token for each that waits, and for each that is about to; nil: there was none
	waiting closings
}

// enter is room, which is made with the first reset.
func (q *resetQueue) enter() chan<- struct{} {
	return *ondemand.Get(&q.room, func() *chan struct{} {
		room := make(chan struct{}, resetsQueued)
		return &room
	})
}

// tokens is how many room has.
func (q *resetQueue) tokens() int {
	if room := q.room.Load(); room != nil {
		return len(*room)
	}
	return 0
}

// add puts a stream into the queue; whoever calls it has put a token into enter.
func (q *resetQueue) add(stream uint32) { q.waiting.add(stream) }

// fill writes frames that reset into b, as many as there are and fit.
func (q *resetQueue) fill(b []byte) (n int) {
	if q.tokens() == 0 {
		return 0
	}
	n = q.waiting.fill(b)
	for range n / HeadSize {
		<-*q.room.Load()
	}
	return n
}

// sendResets resets streams at the peer, between two frames. The caller has the token.
func (w *writer) sendResets() {
	if w.resets.tokens() == 0 || w.fault.Load() != nil {
		return
	}
	frames := make([]byte, resetsQueued*HeadSize)
	n := w.resets.fill(frames)
	if n == 0 {
		return // the one that waits is about to be there, and pings then
	}
	if _, err := w.write(frames[:n], nil); err != nil {
		w.fail(err)
	}
}
