package stockagent

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// Of yamux's frames: the length of a head, and what is looked at in it.
const (
	headLength = 12

	frameData   = 0
	frameGoAway = 3

	flagFIN = 4
	flagRST = 8
)

// transport is the connection below a session. It sees each frame and does what the
// faults say. yamux writes a head and a body by one goroutine and reads by another; a head
// is one call of Write.
type transport struct {
	net.Conn
	faults *atomic.Pointer[faultSet]
	closed chan struct{}
	shut   atomic.Bool // closed is closed

	cut     atomic.Bool // the next data frame that is no mode byte is cut in half
	spoiled atomic.Bool // a fault has made the session useless

	in      *bufio.Reader
	head    [headLength]byte
	pending []byte // of head, not read yet
	inBody  uint32 // bytes of a body that are to be read

	outBody uint32 // bytes of a body that are to be written
	swallow bool   // nothing is written any more
}

func newTransport(conn net.Conn, faults *atomic.Pointer[faultSet]) *transport {
	return &transport{Conn: conn, faults: faults, closed: make(chan struct{}), in: bufio.NewReader(conn)}
}

// Close wakes a Read or Write that a fault holds back.
func (t *transport) Close() error {
	if !t.shut.Swap(true) {
		close(t.closed)
	}
	return t.Conn.Close()
}

// Read returns what came in, except for what a fault has the agent not see.
func (t *transport) Read(b []byte) (int, error) {
	for {
		if err := t.listen(); err != nil {
			return 0, err
		}
		switch {
		case len(t.pending) > 0:
			n := copy(b, t.pending)
			t.pending = t.pending[n:]
			return n, nil
		case t.inBody > 0:
			n, err := t.in.Read(b[:min(len(b), int(t.inBody))])
			t.inBody -= uint32(n)
			return n, err
		}
		if _, err := io.ReadFull(t.in, t.head[:]); err != nil {
			return 0, err
		}
		if t.head[1] == frameGoAway && t.faults.Load().has(faultIgnoreGoAway) {
			continue
		}
		if t.head[1] == frameData {
			t.inBody = binary.BigEndian.Uint32(t.head[8:])
		}
		t.pending = t.head[:]
	}
}

// listen blocks while the agent is deaf.
func (t *transport) listen() error {
	for {
		set := t.faults.Load()
		if !set.has(faultDeaf) {
			return nil
		}
		select {
		case <-set.healed:
		case <-t.closed:
			return net.ErrClosed
		}
	}
}

// Write sends a head or some of a body.
func (t *transport) Write(b []byte) (int, error) {
	if t.swallow {
		return len(b), nil
	}
	out, end := b, false
	if t.outBody > 0 {
		t.outBody -= min(uint32(len(b)), t.outBody)
		if t.cut.Load() && len(b) > 1 {
			out, end = b[:len(b)/2], true
		}
	} else if len(b) == headLength {
		out = t.begin(slices.Clone(b))
	}
	if err := t.send(out); err != nil {
		return 0, err
	}
	if end {
		_ = t.Close() // the rest is not sent
		return 0, net.ErrClosed
	}
	return len(b), nil
}

// begin looks at the head of a frame and returns what is written in its place.
func (t *transport) begin(head []byte) []byte {
	set := t.faults.Load()
	if set.find(faultHalfHead, "") != nil {
		t.spoiled.Store(true)
		t.swallow = true
		return head[:headLength/2]
	}
	if flags := binary.BigEndian.Uint16(head[2:]); flags&flagFIN != 0 && set.has(faultResetStreams) {
		binary.BigEndian.PutUint16(head[2:], flags&^flagFIN|flagRST)
	}
	if head[1] != frameData {
		return head
	}
	t.outBody = binary.BigEndian.Uint32(head[8:])
	if t.outBody > 0 && set.find(faultHugeFrame, "") != nil {
		t.spoiled.Store(true)
		copy(head[8:], "\xff\xff\xff\xff")
	}
	return head
}

// send writes at once, or byte by byte.
func (t *transport) send(b []byte) error {
	for len(b) > 0 {
		set, n := t.faults.Load(), len(b)
		slow := set.find(faultSlowBytes, "")
		if slow != nil {
			n = 1
		}
		if _, err := t.Conn.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		if slow == nil {
			continue
		}
		wait := time.NewTimer(slow.delay)
		select {
		case <-wait.C:
		case <-set.healed:
		case <-t.closed:
		}
		wait.Stop()
	}
	return nil
}
