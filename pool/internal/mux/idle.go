package mux

import (
	"sync"

	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
)

// readBuffer is how much is read from the transport at once, in bytes.
const readBuffer = 16 << 10

// readBuffers are spare buffers of reading goroutines. A connection on which nothing comes in
// has none.
var readBuffers = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// sip is how much is read at first from a connection that cannot say whether something has
// come in, and that keeps what is not read, as TLS does.
const sip = 512

// readAhead is what was read from the transport and not yet looked at, and how the reading
// goroutine waits for more without a buffer.
type readAhead struct {
	buf      []byte
	from, to int // of buf: not yet looked at

	spare *[readBuffer]byte // that buf is of; nil: there is none
	idle  *nbconn.Conn      // the transport itself; nil: it is another one
	sips  []byte            // for what comes first on one that is TLS
	take  func() []byte     // of this Conn, made once
	give  func()
}

// takeBuffer has a buffer to read into.
func (in *readAhead) takeBuffer() []byte {
	if in.buf == nil {
		in.spare, _ = readBuffers.Get().(*[readBuffer]byte)
		in.buf = in.spare[:]
	}
	return in.buf
}

// giveBuffer gives the buffer back, of which everything was looked at.
func (in *readAhead) giveBuffer() {
	if in.spare != nil {
		readBuffers.Put(in.spare)
		in.spare, in.buf = nil, nil
	}
	in.from, in.to = 0, 0
}

// first reads from the transport while nothing is there that was not looked at. Until
// something comes in no buffer is held, unless the transport is of a kind that needs one.
func (in *readAhead) first(t *transport) (int, error) {
	if in.take == nil {
		in.idle, _ = t.Conn.(*nbconn.Conn)
		in.take, in.give = in.takeBuffer, in.giveBuffer
	}
	switch {
	case in.idle != nil:
		in.giveBuffer()
		return in.idle.ReadWhenThere(in.take, in.give)
	case t.nb != nil:
		in.giveBuffer()
		if in.sips == nil {
			in.sips = make([]byte, sip)
		}
		n, err := t.Conn.Read(in.sips)
		if n > 0 {
			copy(in.takeBuffer(), in.sips[:n])
		}
		return n, err
	default:
		in.from, in.to = 0, 0
		return t.Conn.Read(in.takeBuffer())
	}
}
