package main

import (
	"encoding/binary"
	"net"
	"runtime"
	"sync/atomic"
)

const (
	// headLen is the length of a yamux frame's head, in bytes; data is its type with a body.
	headLen  = 12
	data     = 0
	typeAt   = 1
	lengthAt = 8
	// most is how many bytes are gathered for one write.
	most = 64 << 10
)

// joiner is a connection that only yamux writes to, a frame's head and body one after the other.
// It writes both at once. While there is more than one call, frames are gathered and written by a
// goroutine that first lets others run.
type joiner struct {
	net.Conn
	calls atomic.Int64 // under way
	head  []byte       // waits for its body

	gathered chan []byte   // at most one; the writer of frames may take it back to add to it
	waiting  atomic.Int64  // bytes in gathered, or being written
	wake     chan struct{} // something was gathered
	gone     chan struct{} // closed when flush has ended
	ended    atomic.Bool
	end      chan struct{} // closed by Close
}

func newJoiner(c net.Conn) *joiner {
	j := &joiner{
		Conn: c, gathered: make(chan []byte, 1), wake: make(chan struct{}, 1),
		gone: make(chan struct{}), end: make(chan struct{}),
	}
	go j.flush()
	return j
}

// Write writes frames as yamux does: a head, then its body if it has one.
func (j *joiner) Write(b []byte) (int, error) {
	if len(j.head) == 0 && len(b) == headLen && b[typeAt] == data && binary.BigEndian.Uint32(b[lengthAt:]) > 0 {
		j.head = append(j.head, b...)
		return len(b), nil
	}
	frame := b
	if len(j.head) > 0 {
		j.head = append(j.head, b...)
		frame, j.head = j.head, j.head[:0]
	}
	return len(b), j.put(frame)
}

// put writes a frame, or gathers it.
func (j *joiner) put(frame []byte) error {
	if j.calls.Load() <= 1 && j.waiting.Load() == 0 {
		_, err := j.Conn.Write(frame)
		return err
	}
	var all []byte
	select {
	case all = <-j.gathered:
	default:
	}
	if len(all)+len(frame) > most && len(all) > 0 {
		j.gathered <- all // only this goroutine fills it
		j.rouse()
		all = nil
	}
	j.waiting.Add(int64(len(frame)))
	select {
	case j.gathered <- append(all, frame...):
		j.rouse()
		return nil
	case <-j.gone:
		return net.ErrClosed
	}
}

func (j *joiner) rouse() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// flush writes what was gathered, until the connection ends.
func (j *joiner) flush() {
	defer close(j.gone)
	for {
		select {
		case <-j.wake:
		case <-j.end:
			return
		}
		runtime.Gosched()
		select {
		case all := <-j.gathered:
			if _, err := j.Conn.Write(all); err != nil {
				return
			}
			j.waiting.Add(-int64(len(all)))
		default:
		}
	}
}

// Close ends flush, too.
func (j *joiner) Close() error {
	if j.ended.CompareAndSwap(false, true) {
		close(j.end)
	}
	err := j.Conn.Close()
	<-j.gone
	return err
}
