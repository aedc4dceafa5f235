package pool

// resets are the streams to be reset. yamux can close a stream but not end it:
// one whose peer never closes its side stays for minutes, with a window full of
// bytes. So the tap says it to both: to the peer between two frames that go out,
// and to yamux, as if the peer had said it, between two that come in.
type resets struct{ in, out resetQueue }

// resetQueue is the numbers of the streams that one side is still to be told of.
type resetQueue chan uint32

// resetsQueued is how many resets may wait for a frame to go before or behind.
const resetsQueued = 256

func newResets() resets {
	return resets{in: make(resetQueue, resetsQueued), out: make(resetQueue, resetsQueued)}
}

// fill writes frames that reset into b, as many as there are and fit.
func (q resetQueue) fill(b []byte) (n int) {
	for len(b)-n >= frameHead {
		select {
		case id := <-q:
			putHead(b[n:], frameWindow, flagRST, id, 0)
			n += frameHead
		default:
			return n
		}
	}
	return n
}

// sendResets tells the peer, between two frames. The caller has the token.
func (t *tap) sendResets() {
	if len(t.resets.out) == 0 || t.fault.Load() != nil {
		return
	}
	frames := make([]byte, resetsQueued*frameHead)
	if _, err := t.write(frames[:t.resets.out.fill(frames)], nil); err != nil {
		t.fail(err)
	}
}

// resetting says whether somebody is still to be told.
func (t *tap) resetting() bool { return len(t.resets.in) > 0 || len(t.resets.out) > 0 }

// reset ends a stream on both sides, whatever its peer does; what was not read
// yet is lost. It blocks while too many resets wait, at most until the session's
// end.
func (s *session) reset(st stream) {
	id := st.StreamID()
	for _, q := range [...]resetQueue{s.tap.resets.out, s.tap.resets.in} {
		select {
		case q <- id:
		default:
			s.provoke() // they wait for frames, and there may be none
			select {
			case q <- id:
			case <-s.ctx.Done():
				return
			}
		}
	}
	s.provoke()
}

// provoke makes a frame go out and one come in, so that resets get their turn:
// one goroutine of the crew pings until none waits.
func (s *session) provoke() {
	if !s.provoking.CompareAndSwap(false, true) {
		return
	}
	if !s.crew.join(func() {
		for s.tap.resetting() && !s.over() {
			if _, err := s.mux.Ping(); err != nil {
				break
			}
		}
		s.provoking.Store(false)
		if s.tap.resetting() && !s.over() && s.ctx.Err() == nil {
			s.provoke() // one came while this one was leaving
		}
	}) {
		s.provoking.Store(false)
	}
}
