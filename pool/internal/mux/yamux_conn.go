package pool

import "net"

// Write is yamux's. It holds back the head of a data frame, which yamux writes by
// itself, and sends it with the body that follows, as one frame among those of
// the lanes. It blocks until the transport has it, or is closed.
func (t *tap) Write(b []byte) (int, error) {
	f := t.own
	if len(t.held) > 0 {
		join := min(len(b), max(0, joinLimit-frameHead))
		t.held = append(t.held, b[:join]...)
		f.bytes, f.tail = t.held, b[join:]
		t.held = t.held[:0]
	} else {
		if len(b) == frameHead {
			flags, stream, length := headOf(b)
			if b[1] == frameData && length > 0 {
				t.held = append(t.held[:0], b...)
				return len(b), nil
			}
			t.opens(b[1], flags, stream)
		}
		f.bytes, f.tail = b, nil
	}
	t.send(f)
	for {
		switch f.state.Load() {
		case frameWritten:
			return len(b), nil
		case frameRefused, frameTorn:
			return 0, t.cause()
		}
		select {
		case <-f.told:
		case <-t.gone:
			t.own = newFrame() // this one may still be looked at
			return 0, net.ErrClosed
		}
	}
}

// opens sees to it that a stream of ours has a port before the peer can say
// anything about it, and has none any more when it was reset.
func (t *tap) opens(kind byte, flags uint16, stream uint32) {
	switch {
	case kind != frameWindow || stream%2 == 0:
	case flags&flagSYN != 0:
		t.ports.add(stream)
	case flags&flagRST != 0:
		t.ports.remove(stream)
	}
}
