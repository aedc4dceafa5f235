package pool

import (
	"net"
)

// outbound is what who has the token needs.
type outbound struct {
	first *outgoing   // of those that were queued and are still to be taken, in order
	lot   []*outgoing // taken, to be written together
	batch []byte      // their bytes
	size  int         // of the lot
}

const (
	// joinLimit is the largest frame that is copied to be written with others.
	joinLimit = 16 << 10
	// batchLimit is how many bytes are written together.
	batchLimit = 64 << 10
	// joinFrames is for how many frames nobody waits who may have another.
	joinFrames = 16
	// pumpRounds is how often a sender writes what others have queued meanwhile.
	pumpRounds = 8
)

// send queues a frame and has it written: by the caller if nobody writes at the
// moment, or else by who does. It does not block. On a transport that may block
// it is a goroutine that writes.
func (t *tap) send(f *outgoing) {
	t.enqueue(f)
	t.pump()
}

// join is send for a caller that others may follow at once: those whose replies
// came in with the last bytes and who have not run yet. Then it leaves the writing
// to the last of these, who looks (see woke), but for many frames.
func (t *tap) join(f *outgoing) {
	t.enqueue(f)
	if t.waking.Load() == 0 || t.lined.Load() >= joinFrames {
		t.pump()
	}
}

// woke says that a caller runs whose reply is there.
func (t *tap) woke() {
	if t.waking.Add(-1) == 0 && t.waiting() {
		t.pump()
	}
}

// enqueue puts a frame where who has the token finds it.
func (t *tap) enqueue(f *outgoing) {
	f.state.Store(frameQueued)
	t.lined.Add(1)
	for {
		f.next = t.queue.Load()
		if t.queue.CompareAndSwap(f.next, f) {
			return
		}
	}
}

// pump writes what is queued, unless somebody else does. Whoever gives the token
// back looks at the queue again, so a frame that was queued while the token was
// taken is not forgotten; while the transport is congested, it is the goroutine
// that drains it who looks.
func (t *tap) pump() {
	for round := 0; t.waiting() && !t.holding() && t.busy.CompareAndSwap(false, true); round++ {
		if t.spill == nil || round == pumpRounds {
			if !t.spawn(t.relay) {
				t.busy.Store(false)
				return // the session is over
			}
			return
		}
		t.flush()
		t.busy.Store(false)
	}
}

// relay writes in a goroutine, with the token that it is started with, for as
// long as there is something to write.
func (t *tap) relay() {
	for {
		t.flush()
		t.busy.Store(false)
		if !t.waiting() || t.holding() || !t.busy.CompareAndSwap(false, true) {
			return
		}
	}
}

// holding says whether frames stay queued until the transport has room.
func (t *tap) holding() bool {
	return t.spill != nil && t.spill.congested() && t.fault.Load() == nil
}

// flush writes what is queued, in order, as far as the transport has room. The
// caller has the token.
func (t *tap) flush() {
	t.sendResets()
	w := &t.writing
	if w.first == nil {
		for f := t.queue.Swap(nil); f != nil; {
			f.next, w.first, f = w.first, f, f.next
		}
	}
	for w.first != nil && !t.holding() {
		f := w.first
		w.first = f.next // before it is its sender's again
		t.lined.Add(-1)
		t.add(f)
	}
	t.put()
	t.stalled.Store(w.first != nil)
}

// waiting says whether frames wait for who has the token.
func (t *tap) waiting() bool { return t.queue.Load() != nil || t.stalled.Load() }

// add takes a frame, if it was not withdrawn, for the next write.
func (t *tap) add(f *outgoing) {
	if !f.state.CompareAndSwap(frameQueued, frameTaken) {
		return
	}
	w, size := &t.writing, len(f.bytes)+len(f.tail)
	if len(w.lot) > 0 && (size > joinLimit || w.size+size > batchLimit) {
		t.put()
	}
	w.lot = append(w.lot, f)
	if w.size += size; size > joinLimit {
		t.put()
	}
}

// put writes the lot and gives its frames back. The session is told of a failure
// after that, so that who learns of it finds the frames settled.
func (t *tap) put() {
	w := &t.writing
	if len(w.lot) == 0 {
		return
	}
	n, err := 0, t.unwritable()
	switch {
	case err != nil:
	case len(w.lot) == 1:
		n, err = t.write(w.lot[0].bytes, w.lot[0].tail)
	default:
		for _, f := range w.lot {
			w.batch = append(w.batch, f.bytes...)
			w.batch = append(w.batch, f.tail...)
		}
		n, err = t.write(w.batch, nil)
		w.batch = w.batch[:0]
	}
	first := err != nil && t.keep(err)
	for i, f := range w.lot {
		state, size := uint32(frameWritten), len(f.bytes)+len(f.tail)
		switch {
		case err == nil:
		case n <= 0:
			state = frameRefused
		case n < size:
			state = frameTorn
		}
		n -= size
		f.settle(state)
		w.lot[i] = nil
	}
	w.lot, w.size = w.lot[:0], 0
	if first && t.broken != nil {
		t.broken(err)
	}
}

// unwritable is why nothing is written any more.
func (t *tap) unwritable() error {
	if t.fault.Load() != nil {
		return t.cause()
	}
	if t.closed.Load() {
		return net.ErrClosed
	}
	return nil
}

// write writes two parts, which on a transport that may block go out as one.
func (t *tap) write(b, tail []byte) (n int, err error) {
	switch {
	case len(tail) == 0:
		n, err = t.Conn.Write(b)
	case t.spill == nil:
		var sent int64
		parts := net.Buffers{b, tail}
		sent, err = parts.WriteTo(t.Conn)
		n = int(sent)
	default:
		if n, err = t.Conn.Write(b); err == nil {
			var more int
			more, err = t.Conn.Write(tail)
			n += more
		}
	}
	t.out.Add(uint64(max(n, 0)))
	return n, err
}
