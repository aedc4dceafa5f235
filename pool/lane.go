package pool

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// lane carries calls one after the other over a stream of its session. It is a
// goroutine of its own, because yamux blocks where a caller's context cannot
// reach: the caller hands over a request and waits for the result, for its
// context, for both.
//
// A lane belongs to whoever took it from the session, until it is put back. The
// caller owns buf, enc and dec except between handing over and the result.
type lane struct {
	session  *session
	requests chan struct{}          // buf holds a request; closed to end the lane
	results  chan struct{}          // err is set or buf holds the reply
	gone     chan struct{}          // closed when the lane has ended
	watch    *time.Timer            // of the caller: when to look whether the server is silent
	phase    atomic.Uint32          // of the exchange, or abandoned
	stream   atomic.Pointer[stream] // of the exchange, and kept for the next

	buf    []byte // mode byte and request, then the reply
	enc    *wire.Encoder
	dec    *wire.Decoder
	scan   wire.Scanner
	seq    uint64
	header int   // where the reply's header ends
	end    int   // where the reply ends
	err    error // how the exchange failed, or nil
	ended  Phase // where it ended

	fresh  bool   // the stream has not had its mode byte
	closes uint64 // of the tap, when the stream was last known to be open
}

// abandoned is the phase of an exchange whose caller has left.
const abandoned = uint32(1 << 31)

// keepBuffer is the largest buffer an idle lane holds on to.
const keepBuffer = 64 << 10

func newLane(s *session) *lane {
	l := &lane{
		session: s, requests: make(chan struct{}, 1), results: make(chan struct{}, 1), gone: make(chan struct{}),
		enc: wire.NewEncoder(), dec: wire.NewDecoder(), buf: make([]byte, 0, 512),
	}
	l.watch = time.NewTimer(time.Hour)
	l.watch.Stop()
	l.reset()
	return l
}

// encode puts a request into buf. The mode byte in front is sent on a new stream
// only.
func (l *lane) encode(method string, args any) (err error) {
	l.seq++
	l.buf, err = l.enc.Request(append(l.buf[:0], wire.ModeRPC), l.seq, method, args)
	return err
}

// abandon leaves the exchange to the lane, which discards its result. It answers
// how far it had come; ok is false if the result is there, and must be taken.
func (l *lane) abandon() (at Phase, ok bool) {
	for {
		p, stream := l.phase.Load(), l.stream.Load()
		if Phase(p) == phaseDone {
			return 0, false
		}
		if !l.phase.CompareAndSwap(p, p|abandoned) {
			continue
		}
		// Before the write the lane looks by itself; from then on the stream is
		// the one of this exchange, and is not used for another.
		// It is nil where the exchange has failed already and the stream is gone.
		if at = Phase(p); at >= PhaseWrite && stream != nil {
			_ = (*stream).SetReadDeadline(time.Unix(1, 0)) // wakes the lane if it reads
		}
		return at, true
	}
}

// phaseDone ends an exchange: its result is the caller's.
const phaseDone = Phase(0xff)

// advance moves the exchange on; false if its caller has left.
func (l *lane) advance(from, to Phase) bool {
	return l.phase.CompareAndSwap(uint32(from), uint32(to))
}

// run is the lane's goroutine. It ends with its session, or when it is one too
// many.
func (l *lane) run() {
	defer close(l.gone)
	defer l.discard()
	for {
		select {
		case _, more := <-l.requests:
			if !more {
				return
			}
		case <-l.session.ctx.Done():
			return
		}
		at, err := l.exchange()
		if err != nil && at != PhaseOpen || l.session.over() {
			l.discard()
		}
		l.ended, l.err = at, err
		if l.advance(at, phaseDone) {
			l.results <- struct{}{}
			continue
		}
		// The caller has left: nobody reads the reply, so the stream may hold a
		// part of it. The lane itself is as good as before.
		if at >= PhaseWrite {
			l.discard()
		}
		l.reset()
		l.session.leave()
		l.session.put(l)
	}
}

// exchange sends the request in buf and reads its reply. It answers the phase in
// which it ended, which is the lane's phase unless the caller has left.
func (l *lane) exchange() (Phase, error) {
	if err := l.open(); err != nil {
		return PhaseOpen, err
	}
	request := l.buf[1:]
	if l.fresh {
		request = l.buf
	}
	if !l.advance(PhaseOpen, PhaseWrite) {
		return PhaseOpen, l.settle()
	}
	if n, err := (*l.stream.Load()).Write(request); err != nil {
		if n == 0 && (errors.Is(err, yamux.ErrStreamClosed) || errors.Is(err, yamux.ErrConnectionReset)) {
			// yamux saw that the stream is closed before it queued anything.
			l.advance(PhaseWrite, PhaseOpen)
			l.discard()
			return PhaseOpen, l.transport(err)
		}
		return PhaseWrite, l.transport(err)
	}
	first := l.fresh
	l.fresh = false
	if !l.advance(PhaseWrite, PhaseFlushed) {
		return PhaseWrite, nil
	}
	at, err := l.read()
	if first && at == PhaseFlushed && l.session.leaving() && errors.Is(err, yamux.ErrConnectionReset) {
		// The stream crossed with the server's farewell: yamux refused it there,
		// and nobody has read the request.
		l.advance(PhaseFlushed, PhaseOpen)
		l.discard()
		return PhaseOpen, ErrLeaving
	}
	return at, err
}

// settle leaves the stream usable for the next caller: a stream without its mode
// byte would stall those behind it.
func (l *lane) settle() error {
	if !l.fresh {
		return nil
	}
	_, err := (*l.stream.Load()).Write(l.buf[:1])
	l.fresh = err != nil
	return err
}

// open makes sure of a stream that the peer has not closed.
func (l *lane) open() error {
	s := l.session
	closes := s.tap.closes.Load()
	if stream := l.stream.Load(); stream != nil {
		if closes == l.closes || isOpen(*stream) {
			l.closes = closes
			return nil
		}
		l.discard()
	}
	if s.leaving() {
		return ErrLeaving
	}
	stream, err := s.mux.Open()
	if err != nil {
		return l.transport(err)
	}
	s.pool.counts.streams.Add(1)
	l.stream.Store(&stream)
	l.fresh, l.closes = true, closes
	return nil
}

// isOpen looks whether an idle stream was closed by the peer. Bytes on an idle
// stream are no reply to anything; it is not used again either.
func isOpen(stream stream) bool {
	_ = stream.SetReadDeadline(time.Unix(1, 0))
	_, err := stream.Read(make([]byte, 1))
	_ = stream.SetReadDeadline(time.Time{})
	return timedOut(err)
}

// wake lets the lane wait no longer for its stream. On a session that ends, yamux
// has whoever reads or writes spin until it has closed stream by stream, which
// the spinning itself holds up: hundreds of calls would take a second to fail.
func (l *lane) wake() {
	if stream := l.stream.Load(); stream != nil {
		_ = (*stream).SetDeadline(time.Unix(1, 0))
	}
}

// read takes in one reply. Memory grows with the bytes that came, not with what
// they announce.
func (l *lane) read() (Phase, error) {
	at, stream := PhaseFlushed, *l.stream.Load()
	l.buf = l.buf[:0]
	l.scan.Reset(0, l.session.pool.cfg.MaxReplyBytes)
	l.header = 0
	if l.session.ctx.Err() != nil {
		l.wake() // the caller may have found no stream to wake
	}
	for {
		if cap(l.buf)-len(l.buf) < 256 {
			grown := make([]byte, len(l.buf), max(4096, 2*cap(l.buf)))
			copy(grown, l.buf)
			l.buf = grown
		}
		n, err := stream.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
		if n > 0 && at == PhaseFlushed {
			if !l.advance(PhaseFlushed, PhaseRead) {
				return at, nil
			}
			at = PhaseRead
		}
		if err != nil {
			return at, l.transport(err)
		}
		if done, err := l.scanned(); done || err != nil {
			return at, err
		}
	}
}

// scanned looks whether header and body are complete.
func (l *lane) scanned() (bool, error) {
	if l.header == 0 {
		end, ok, err := l.scan.Value(l.buf)
		if !ok || err != nil {
			return false, garbled(err)
		}
		l.header = end
	}
	end, ok, err := l.scan.Value(l.buf)
	if !ok || err != nil {
		return false, garbled(err)
	}
	if l.end = end; len(l.buf) > end {
		return false, &ProtocolError{Layer: "rpc", Reason: fmt.Sprintf("%d bytes behind the reply", len(l.buf)-end)}
	}
	return true, nil
}

// garbled types the scanner's errors.
func garbled(err error) error {
	if errors.Is(err, wire.ErrMalformed) {
		return &ProtocolError{Layer: "rpc", Reason: err.Error(), Err: err}
	}
	return err
}

// transport prefers the reason why the session ended over yamux's symptom of it.
func (l *lane) transport(err error) error {
	if l.session.over() {
		return l.session.cause()
	}
	return err
}

// discard closes the stream, if there is one.
func (l *lane) discard() {
	if s := l.stream.Swap(nil); s != nil {
		_ = (*s).Close() // the peer learns of it, or the session is over
	}
}

// reset readies the lane for the next caller; a buffer grown by a large call is
// let go.
func (l *lane) reset() {
	if cap(l.buf) > keepBuffer {
		l.buf = make([]byte, 0, 512)
	}
	l.err = nil
	l.phase.Store(uint32(PhaseOpen))
}
