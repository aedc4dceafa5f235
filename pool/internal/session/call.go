package session

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Call carries one call that Enter has counted in, and counts it out. It blocks until the
// reply is read into r.Reply, or ctx or the session ends. It returns how far the call came:
// after PhaseOpen nothing of it was sent.
func (s *Session) Call(ctx context.Context, r *Request) (Phase, error) {
	s.engage(r.Method)
	var encoding *callStream // its codec is at work, and with it methods of the caller's types
	var sending *buffers     // the same, while the request is sent
	defer func() {
		if encoding == nil && sending != nil && sending.at != nil {
			// The reading goroutine may be at the reply, or have it ready: then it counts a caller that is to run.
			if encoding = sending.at; !encoding.abandon() {
				encoding.takeReply()
			}
		}
		if encoding != nil {
			encoding.discard() // one of them has ended the goroutine (runtime.Goexit)
			s.Leave()
		}
	}()
	for {
		l := s.idle.take(&s.base)
		encoding = l
		err := l.encode(r)
		encoding = nil
		if err != nil {
			l.buf.release()
			if l.buf = nil; l.stream != nil {
				l.put()
			}
			s.Leave()
			return PhaseFind, s.cfg.Errors.Encode(r.Args, err)
		}
		sending = l.buf
		l, at, left, err := s.exchange(ctx, l, r)
		sending = nil // another call may have them
		switch {
		case left:
			s.Leave()
			return at, err
		case err == errStale: //nolint:errorlint // the very value
			l.discard()
			continue
		case err != nil:
			l.discard()
			s.Leave()
			return at, err
		}
		encoding = l
		at, err = l.finish(r.Reply)
		encoding = nil
		if at >= PhaseDecode {
			s.answered()
		}
		if l.spoiled {
			l.discard()
			s.Leave()
			return at, err
		}
		l.reset()
		l.put()
		s.Leave()
		return at, err
	}
}

// Serves makes a Status.Ping on the session, also on a retired one: nil if it was
// answered. It waits for twice PingTimeout, longer than the server is judged by, so that a
// slow one is known to be. The request is that of a ping, with Request.Quiet.
func (s *Session) Serves(ctx context.Context, r *Request) error {
	if !s.enterAny() {
		return s.Cause()
	}
	ctx, stop := context.WithTimeout(ctx, 2*s.cfg.PingTimeout)
	defer stop()
	at, err := s.Call(ctx, r)
	if at >= PhaseDecode {
		return nil // also an error is an answer
	}
	return err
}

// finish reads the reply, which is whole.
func (l *callStream) finish(reply any) (Phase, error) {
	cfg := l.session.cfg
	var h wire.Header
	if err := l.buf.dec.Header(l.buf.reply[:l.headerEnd], &h); err != nil {
		l.spoiled = true
		return PhaseRead, cfg.Errors.Protocol("rpc", err.Error(), err)
	}
	if h.Seq != l.seq {
		l.spoiled = true
		return PhaseRead, cfg.Errors.Protocol("rpc", fmt.Sprintf("the reply is to request %d, not to %d", h.Seq, l.seq), nil)
	}
	if h.Error != "" {
		// A request that crosses with the end of the stream would be lost.
		err, closes := cfg.Errors.Remote(h.Error)
		l.spoiled = l.spoiled || closes
		return PhaseRemote, err
	}
	body, lasting := l.buf.reply[l.headerEnd:l.bodyEnd], cap(l.buf.reply) > keepBuffer
	l.buf.dec.Bound(cfg.MaxReplyBytes, l.buf.scan.Elements())
	given, err := cfg.Codec.Read(l.buf.dec, body, lasting, reply)
	l.buf.given = given
	if l.buf.scan.Extended() {
		l.buf.dec.Forget() // or it pins the buffer, which other calls will have
	}
	if err != nil {
		l.spoiled = true
		return PhaseDecode, cfg.Errors.Decode(reply, err)
	}
	return PhaseDecode, nil
}
