package session

import (
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// requestStream makes a request that may be large, one piece after the other, as the pieces
// before it are sent: so little of it is in memory, however large it is. The codec runs in a
// goroutine of its own, which waits between two pieces; its caller waits while it makes one. (In a
// coroutine of package iter, a codec that holds its thread would end the process.) It belongs to the
// caller, like the buffers that it is in.
type requestStream struct {
	piece  *[]byte // of the buffers that it is in
	little []byte  // in whose place the piece is a large one; nil: it is not
	enc    wire.Writer
	full   []byte // of pieceSize, with room for a head

	wanted chan bool     // has true when the next piece is to be made, false when none is
	made   chan struct{} // has a token when a piece is made, or none will be any more
	begun  bool          // the first piece is being made, or was
	over   bool          // the codec's goroutine has sent its last token
	fault  any           // what it panicked with
	exited bool          // methods of the caller's types have ended it (runtime.Goexit)
	err    error         // of the codec, once it has ended
	ended  bool          // it has, or is not wanted any more
	length int           // bytes of the value so far
}

// pieceSize is how much of a large request is in memory, in bytes, and in a frame.
const pieceSize = 64 << 10

// smallPiece is up to how many bytes a piece is in the buffer that every call has.
const smallPiece = 4 << 10

var requestStreams = sync.Pool{New: func() any { return new(requestStream) }}

// errUnwanted ends the codec when its caller wants no more of the request.
var errUnwanted = errors.New("the rest of the request is not wanted")

// newRequestStream begins a request behind what is in the piece already. write is Codec.Write.
func newRequestStream(piece *[]byte, write func(*wire.Writer, io.Writer, any) error, v any) *requestStream {
	m, _ := requestStreams.Get().(*requestStream)
	m.piece, m.err, m.ended, m.length = piece, nil, false, 0
	m.begun, m.over, m.fault, m.exited = false, false, nil, false
	m.wanted, m.made = make(chan bool), make(chan struct{}) // not kept: a channel belongs to one bubble of synctest
	go m.run(write, v)
	return m
}

// run is the codec's goroutine. Between two tokens all is its own, otherwise the caller's.
func (m *requestStream) run(write func(*wire.Writer, io.Writer, any) error, v any) {
	made := m.made
	returned := false
	defer func() {
		if !returned {
			m.fault = recover()
			m.exited = m.fault == nil
		}
		m.over = true
		made <- struct{}{}
	}()
	if m.err = write(&m.enc, m, v); m.err == nil {
		wire.Sized(v, m.length)
	}
	returned = true
}

// make makes the next piece, or what is left. It must not be called once all was made. What the
// codec panics with is its panic, and where the codec's goroutine was ended it ends the caller's.
func (m *requestStream) make() error {
	m.resume(true)
	if m.over {
		m.ended = true
	}
	return m.err
}

// resume waits while the codec's goroutine makes the next piece, or ends.
func (m *requestStream) resume(wanted bool) {
	if m.begun {
		m.wanted <- wanted
	}
	m.begun = true
	<-m.made
	if m.fault != nil {
		panic(m.fault)
	}
	if m.exited {
		runtime.Goexit()
	}
}

// Write is the codec's: it takes b into the piece, and has it sent whenever it is full and there is
// more. So a piece that ends the value is not sent before the codec has ended well: a server
// executes no request whose codec fails behind the last byte.
func (m *requestStream) Write(b []byte) (n int, err error) {
	const most = mux.HeadSize + pieceSize
	for n < len(b) {
		if m.ended || len(*m.piece) >= most && !m.pass() {
			m.ended = true
			return n, errUnwanted
		}
		piece := *m.piece
		if len(piece)+len(b)-n > smallPiece && cap(piece) < pieceSize {
			piece = m.large(piece)
		}
		took := min(len(b)-n, most-len(piece))
		piece = append(piece, b[n:n+took]...)
		*m.piece = piece
		n += took
		m.length += took
	}
	return n, nil
}

// pass hands the piece to the caller, and waits until the next one is wanted, or none: false.
func (m *requestStream) pass() bool {
	m.made <- struct{}{}
	return <-m.wanted
}

// large is what is in piece, in a buffer with room for a whole one.
func (m *requestStream) large(piece []byte) []byte {
	if m.full == nil {
		m.full = make([]byte, 0, mux.HeadSize+pieceSize)
	}
	if m.little == nil {
		m.little = piece[:0]
	}
	return append(m.full[:0], piece...)
}

// end ends the codec, if it has not ended, and takes the buffer of a large piece back. That may be
// used again unless a frame with it is still pending.
func (m *requestStream) end(pending bool) {
	m.ended = true
	if !m.over {
		m.resume(false)
	}
	if m.little != nil {
		*m.piece, m.little = m.little, nil
	}
	m.piece, m.wanted, m.made = nil, nil, nil
	if !pending {
		requestStreams.Put(m)
	}
}

var _ io.Writer = (*requestStream)(nil)
