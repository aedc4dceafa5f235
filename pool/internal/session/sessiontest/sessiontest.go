package sessiontest

import (
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Silent is a mux.Session whose network takes everything and answers nothing, but what its
// fields say.
type Silent struct {
	Pings   atomic.Int64
	Accepts chan mux.Stream                   // opened by the server
	Answer  atomic.Pointer[func()]            // pings; nil: none is answered
	Opens   atomic.Pointer[func() mux.Stream] // nil: a Stream
	Ack     func(stream uint32)               // has the server acknowledge a Stream; nil: it does not

	closed chan struct{}
	once   atomic.Bool
	opened atomic.Uint32
}

// NewSilent makes a Silent.
func NewSilent() *Silent {
	return &Silent{closed: make(chan struct{}), Accepts: make(chan mux.Stream)}
}

// Open opens a stream as Opens does, or a Stream.
func (m *Silent) Open() (mux.Stream, error) {
	if open := m.Opens.Load(); open != nil {
		return (*open)(), nil
	}
	s := NewStream(m)
	if m.Ack != nil {
		m.Ack(s.id)
	}
	return s, nil
}

// Ping counts, and waits for Answer.
func (m *Silent) Ping() (time.Duration, error) {
	m.Pings.Add(1)
	if answer := m.Answer.Load(); answer != nil {
		(*answer)()
		return 0, nil
	}
	<-m.closed
	return 0, io.EOF
}

// Accept returns what Accepts has.
func (m *Silent) Accept() (mux.Stream, error) {
	select {
	case st := <-m.Accepts:
		return st, nil
	case <-m.closed:
		return nil, io.EOF
	}
}

// CloseChan is closed by Close.
func (m *Silent) CloseChan() <-chan struct{} { return m.closed }

// Err is io.EOF.
func (m *Silent) Err() error { return io.EOF }

// IsClosed reports whether Close was called.
func (m *Silent) IsClosed() bool {
	select {
	case <-m.closed:
		return true
	default:
		return false
	}
}

// Close closes.
func (m *Silent) Close() error {
	if m.once.CompareAndSwap(false, true) {
		close(m.closed)
	}
	return nil
}

// Stream takes what is written, and has nothing to read.
type Stream struct {
	mux  *Silent
	id   uint32
	woke chan struct{}
}

// NewStream is a stream of m.
func NewStream(m *Silent) *Stream {
	return &Stream{mux: m, id: 2*m.opened.Add(1) - 1, woke: make(chan struct{}, 1)}
}

// Write does nothing.
func (s *Stream) Write(b []byte) (int, error) { return len(b), nil }

// Close does nothing.
func (s *Stream) Close() error { return nil }

// StreamID is unique on the session.
func (s *Stream) StreamID() uint32 { return s.id }

// SetDeadline is SetReadDeadline.
func (s *Stream) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (s *Stream) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline ends a Read at once, if t is not zero.
func (s *Stream) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		select {
		case s.woke <- struct{}{}:
		default:
		}
	}
	return nil
}

// Read waits for a deadline or for the session's end.
func (s *Stream) Read([]byte) (int, error) {
	select {
	case <-s.woke:
		return 0, os.ErrDeadlineExceeded
	case <-s.mux.closed:
		return 0, io.EOF
	}
}

// AnswerPings answers each Status.Ping on a stream, and nothing else, until it ends.
func AnswerPings(st io.ReadWriteCloser) {
	defer func() { _ = st.Close() }()
	buf := make([]byte, 4096)
	for {
		n, err := st.Read(buf)
		if err != nil {
			return
		}
		var h wire.RequestHeader
		var scan wire.Scanner
		scan.Reset(0, n)
		end, ok, err := scan.Value(buf[:n])
		if err != nil || !ok || wire.NewDecoder().Request(buf[:end], &h) != nil || h.ServiceMethod != "Status.Ping" {
			continue
		}
		reply, _ := wire.NewEncoder().Value(wire.AppendReply(nil, wire.Header{Seq: h.Seq, ServiceMethod: "Status.Ping"}), map[string]any{})
		if _, err := st.Write(reply); err != nil {
			return
		}
	}
}
