package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// exchange sends the request in buf and reads its reply. It answers the phase in
// which it ended, which is the lane's phase unless the caller has left.
func (l *lane) exchange() (Phase, error) {
	if err := l.open(); err != nil {
		return PhaseOpen, err
	}
	if l.session.over() {
		return PhaseOpen, l.session.cause() // while the stream was opened
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
