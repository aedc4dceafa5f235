package testutil

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"sync/atomic"
)

const (
	// yamuxHead is the length of a frame's head, in bytes.
	yamuxHead = 12
	// gatherLimit is how many bytes of replies are gathered for one write.
	gatherLimit = 64 << 10
)

// joined is a connection that only yamux writes to, a frame's head and body one
// after the other. It writes both at once. While more than one request is being
// answered, the frames are gathered, and flush writes what has come together.
type joined struct {
	net.Conn
	answering   atomic.Int64 // requests that were read and not yet answered
	pendingHead []byte       // a head that waits for its body, and then both

	waiting atomic.Int64          // bytes that were gathered and not yet written
	failed  atomic.Pointer[error] // the reason for which flush has ended
	slot    chan []byte           // what was gathered; the writer may take it back
	spare   chan []byte
	wake    chan struct{} // something was gathered
	written chan struct{} // nothing waits any more
	gone    chan struct{} // closed with the connection
	closed  atomic.Bool

	leaving atomic.Bool // a farewell is on its way
	left    bool        // it was written
}

// farewell is the frame by which yamux announces that it takes no further streams.
var farewell = []byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

// resets reports whether a frame's head refuses a stream.
func resets(head []byte) bool {
	return len(head) == yamuxHead && head[1] == 1 && head[3]&8 != 0
}

func newJoined(c net.Conn) *joined {
	return &joined{
		Conn: c, slot: make(chan []byte, 1), spare: make(chan []byte, 1),
		wake: make(chan struct{}, 1), written: make(chan struct{}, 1), gone: make(chan struct{}),
	}
}

// Write holds back the head of a frame that has a body. yamux refuses streams from
// before it sends its go away (v0.1.2, session.go, goAway); here that comes first.
func (j *joined) Write(b []byte) (int, error) {
	if j.leaving.Load() && len(j.pendingHead) == 0 && (bytes.Equal(b, farewell) || resets(b)) {
		if !j.left {
			j.left = true
			if err := j.put(farewell); err != nil {
				return 0, err
			}
		}
		if !resets(b) {
			return len(b), nil
		}
	}
	if len(j.pendingHead) > 0 {
		j.pendingHead = append(j.pendingHead, b...)
		err := j.put(j.pendingHead)
		j.pendingHead = j.pendingHead[:0]
		return len(b), err
	}
	if len(b) == yamuxHead && b[1] == 0 && binary.BigEndian.Uint32(b[8:]) > 0 {
		j.pendingHead = append(j.pendingHead, b...)
		return len(b), nil
	}
	return len(b), j.put(b)
}

// put writes a frame, or gathers it.
func (j *joined) put(b []byte) error {
	if err := j.failed.Load(); err != nil {
		return *err
	}
	if j.answering.Load() <= 1 && j.waiting.Load() == 0 {
		_, err := j.Conn.Write(b)
		return err
	}
	j.waiting.Add(int64(len(b)))
	var all []byte
	select {
	case all = <-j.slot:
		if len(all)+len(b) > gatherLimit {
			j.slot <- all // it has room: only this goroutine fills it
			j.rouse()     // flush may have looked while it was taken back
			all = nil
		}
	case all = <-j.spare:
	default:
	}
	select {
	case j.slot <- append(all, b...):
	case <-j.gone:
		return net.ErrClosed
	}
	j.rouse()
	return nil
}

// rouse wakes flush.
func (j *joined) rouse() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// flush writes what was gathered, until the connection ends. It lets others run
// first that may have more.
func (j *joined) flush() {
	for {
		select {
		case <-j.wake:
		case <-j.gone:
			return
		}
		runtime.Gosched()
		var all []byte
		select {
		case all = <-j.slot:
		default:
			continue
		}
		if _, err := j.Conn.Write(all); err != nil {
			j.failed.Store(&err)
			select {
			case j.written <- struct{}{}: // nothing more will be
			default:
			}
			return
		}
		if j.waiting.Add(-int64(len(all))) == 0 {
			select {
			case j.written <- struct{}{}:
			default:
			}
		}
		select {
		case j.spare <- all[:0]:
		default:
		}
	}
}

// drain waits until everything is written, or the connection ends.
func (j *joined) drain() {
	for j.waiting.Load() > 0 && j.failed.Load() == nil {
		select {
		case <-j.written:
		case <-j.gone:
			return
		}
	}
}

// forget drops what was gathered. Nothing may use the connection any more.
func (j *joined) forget() {
	j.pendingHead = nil
	for _, kept := range [...]chan []byte{j.slot, j.spare} {
		select {
		case <-kept:
		default:
		}
	}
}

// Close ends flush, too.
func (j *joined) Close() error {
	if j.closed.CompareAndSwap(false, true) {
		close(j.gone)
	}
	return j.Conn.Close()
}
