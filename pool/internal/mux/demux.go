package pool

import (
	"fmt"
	"time"
)

// readBuffer is how much is read from the transport at once, in bytes.
const readBuffer = 16 << 10

// inbound is what the reading goroutine knows of the bytes that come in.
type inbound struct {
	buf      []byte
	from, to int             // of buf: what was read and not yet looked at
	now      int64           // when it came, as in lastRead
	out      []byte          // a head that is yamux's and not yet taken
	outBuf   [frameHead]byte // of out
	payload  uint32          // bytes of the current frame still to come
	flags    uint16          // of that frame
	dest     *port           // of the lane whose the frame is; nil: it is yamux's
	lane     *lane           // of dest
	pongs    []*outgoing     // answers to the peer's pings that wait to go out, the first one first
	bulk     bulk            // what came of replies

	unclaimed unclaimed
}

// Read gives yamux what is yamux's, and the lanes what is theirs.
func (t *tap) Read(b []byte) (int, error) {
	in := &t.reading
	for {
		switch {
		case len(in.out) > 0:
			n := copy(b, in.out)
			in.out = in.out[n:]
			return n, nil
		case in.payload > 0 && in.dest == nil:
			return t.pass(b)
		case in.payload > 0:
			if err := t.deliver(); err != nil {
				return 0, err
			}
		default:
			if n := t.resets.in.fill(b); n > 0 {
				return n, nil
			}
			if n := t.parted.fill(b); n > 0 {
				return n, nil
			}
			if err := t.head(); err != nil {
				return 0, err
			}
		}
	}
}

// pass hands yamux bytes of a frame's body; many of them without a copy.
func (t *tap) pass(b []byte) (int, error) {
	in := &t.reading
	b = b[:min(uint64(len(b)), uint64(in.payload))]
	if in.from == in.to && len(b) >= readBuffer/4 {
		n, err := t.receive(b)
		in.payload -= uint32(n)
		return n, err
	}
	if err := t.fill(1); err != nil {
		return 0, err
	}
	n := copy(b, in.buf[in.from:in.to])
	in.from += n
	in.payload -= uint32(n)
	t.lastRead.Store(in.now)
	return n, nil
}

// deliver hands a lane bytes of a frame's body; many of them without a copy.
func (t *tap) deliver() error {
	in, l := &t.reading, t.reading.lane
	n, want := 0, int(in.payload)
	b := l.space(want)
	switch {
	case b != nil && in.from == in.to && want >= readBuffer/4:
		var err error
		if n, err = t.receive(b); n == 0 {
			return err
		}
	default:
		if err := t.fill(1); err != nil {
			return err
		}
		if n = min(want, in.to-in.from); b != nil {
			n = copy(b, in.buf[in.from:in.to])
		}
		in.from += n
		t.lastRead.Store(in.now)
	}
	in.payload -= uint32(n)
	l.received(n, int(in.payload), b != nil)
	if in.payload == 0 {
		t.concluded()
	}
	return nil
}

// receive reads from the transport.
func (t *tap) receive(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if n > 0 {
		t.in.Add(uint64(n))
		t.reading.now = int64(time.Since(t.origin))
		t.lastRead.Store(t.reading.now)
		err = nil // it comes again
	}
	if err != nil {
		t.fail(err)
	}
	return n, err
}

// fill makes sure of so many bytes in the buffer.
func (t *tap) fill(want int) error {
	in := &t.reading
	if in.buf == nil {
		in.buf = make([]byte, readBuffer)
	}
	for in.to-in.from < want {
		if in.from > 0 {
			in.from, in.to = 0, copy(in.buf, in.buf[in.from:in.to])
		}
		n, err := t.Conn.Read(in.buf[in.to:])
		in.to += n
		if n > 0 {
			t.in.Add(uint64(n))
			in.now = int64(time.Since(t.origin))
		} else if err != nil {
			t.fail(err)
			return err
		}
	}
	return nil
}

// head takes the next frame's head and decides whose it is. The peer's own pings
// are answered here, and are no sign of life: they come in as well where nothing
// goes out any more.
func (t *tap) head() error {
	if err := t.fill(frameHead); err != nil {
		return err
	}
	in := &t.reading
	b := in.buf[in.from : in.from+frameHead]
	in.from += frameHead
	kind := b[1]
	if b[0] != frameVersion || kind > frameGoAway {
		return t.violated(fmt.Sprintf("frame begins with % x", b))
	}
	flags, stream, length := headOf(b)
	if kind != framePing || flags&flagSYN == 0 {
		t.lastRead.Store(in.now)
	}
	if flags&flagSYN != 0 && kind <= frameWindow && (stream == 0 || stream%2 == 1) {
		return t.violated(fmt.Sprintf("frame % x opens stream %d, whose number is not the server's", b, stream))
	}
	switch kind {
	case frameData:
		in.payload, in.flags = length, flags
		t.lastData.Store(in.now)
		return t.data(b, stream)
	case frameWindow:
		if at := t.ports.find(stream); at != nil {
			at.grow(length)
			t.flagged(at, flags)
		} else {
			t.dropped(stream, 0, flags)
		}
	case framePing:
		if flags&flagSYN != 0 {
			return t.pong(length)
		}
	case frameGoAway:
		if length != 0 {
			return t.violated(accusation(length))
		}
		if t.leaving.CompareAndSwap(false, true) {
			close(t.farewell)
		}
	}
	in.out = append(in.outBuf[:0], b...)
	return nil
}

// data decides whose a data frame is. What is a lane's, yamux sees the flags of.
func (t *tap) data(b []byte, stream uint32) error {
	in := &t.reading
	in.dest, in.lane = t.ports.find(stream), nil
	if in.dest != nil {
		in.lane = in.dest.lane.Load()
	}
	if in.lane == nil {
		if in.dest != nil {
			t.flagged(in.dest, in.flags)
			in.dest = nil
		} else {
			t.dropped(stream, in.payload, in.flags)
		}
		in.out = append(in.outBuf[:0], b...)
		return nil
	}
	if err := in.lane.admit(in.payload); err != nil {
		t.fail(err)
		return err
	}
	if in.flags&flagFIN != 0 {
		in.dest.ended.Or(flagFIN) // before its payload is an answer, and the lane another caller's
	}
	if in.flags != 0 {
		in.out = in.outBuf[:frameHead]
		putHead(in.out, frameWindow, in.flags, stream, 0)
	}
	if in.payload == 0 || in.flags&flagRST != 0 {
		t.concluded()
	}
	return nil
}

// concluded acts on the flags of a lane's frame, behind what came with them.
func (t *tap) concluded() { t.flagged(t.reading.dest, t.reading.flags) }

// flagged notes that the peer has acknowledged or closed a stream.
func (t *tap) flagged(at *port, flags uint16) {
	if ended := flags & (flagFIN | flagRST); ended != 0 {
		at.end(uint32(ended))
	}
	if flags&(flagACK|flagFIN|flagRST) != 0 {
		t.answered(at)
	}
}
