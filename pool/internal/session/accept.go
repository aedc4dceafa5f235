package session

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// accept takes the streams that the server opens until the session has ended. It waits
// for none of them: a stream on which nothing comes, or a handler that hangs, holds up no
// other.
func (s *Session) accept() {
	for {
		st, err := s.yamux.Accept()
		if err != nil {
			if s.Ended() {
				return
			}
			continue // the transport took nothing for as long as yamux waits
		}
		s.cfg.Counters.Accepted.Add(1)
		if !s.admit() {
			if s.calls.Load()&shutBit == 0 {
				s.cfg.Counters.Refused.Add(1)
				s.refused("the " + s.cfg.Peer + " has too many streams open")
			}
			s.resetStream(st)
			continue
		}
		if !s.group.run(func() { s.serve(st) }) {
			s.dismiss()
			return
		}
	}
}

// admit counts one of the server's streams in, also on a retired session. It reports false
// where there are too many, or where the session ends.
func (s *Session) admit() bool {
	if s.serving.Add(1) <= int64(s.cfg.MaxReverseStreams) && (s.streams == nil || s.streams.Take(1)) {
		if s.enterAny() {
			s.accepted.Store(max(int64(s.cfg.now()), 1))
			return true
		}
		s.giveStream()
	}
	s.serving.Add(-1)
	return false
}

// dismiss counts one of the server's streams out.
func (s *Session) dismiss() {
	s.serving.Add(-1)
	s.giveStream()
	s.Leave()
}

// giveStream gives back what admit took of Config.Streams.
func (s *Session) giveStream() {
	if s.streams != nil {
		s.streams.Give(1)
	}
}

// serve serves one stream, in a goroutine of its own, which sees to its end too.
func (s *Session) serve(st mux.Stream) {
	m := s.newMade()
	c := s.newConn(st, nil, func() {
		m.end()
		s.dismiss()
	})
	c.made = m
	defer func() { _ = c.close(s.group.do) }() // also when a handler has closed it
	returned := false
	defer func() {
		if cause := recover(); cause != nil {
			s.cfg.Logger.Panicked("Config.Handlers", contain.Recovered(cause))
		} else if !returned {
			s.cfg.Logger.Panicked("Config.Handlers", contain.Exited())
		}
	}()
	s.answer(c)
	returned = true
}

// answer reads what a stream is for, and serves it.
func (s *Session) answer(c *Conn) {
	r := &requestReader{conn: c, pause: requestPause}
	var mode [1]byte
	if _, err := io.ReadFull(r, mode[:]); err != nil {
		return
	}
	switch mode[0] {
	case wire.ModeRPC:
		s.serveCalls(r)
	case wire.ModeStreaming:
		s.serveStream(r)
	default:
		s.refused(fmt.Sprintf("a stream of the unknown mode %d", mode[0]))
	}
}

// serveStream acknowledges a streaming call and runs its handler.
func (s *Session) serveStream(in *requestReader) {
	c := in.conn
	method, early, err := s.streamHeader(in)
	if err != nil {
		return
	}
	s.cfg.Counters.ReverseStreams.Add(1)
	s.requests.Add(1)
	defer s.requests.Add(-1)
	handler, text := s.streamHandler(method)
	_ = c.SetDeadline(time.Now().Add(s.cfg.HoldTimeout)) // fails where writing does
	if _, err := c.Write(wire.AppendAck(nil, text)); err != nil || handler == nil {
		return
	}
	if len(early) > 0 {
		c.early.Store(&early)
	}
	_ = c.SetDeadline(time.Time{}) // fails where reading does
	if err := handler(s.ctx, c); err != nil {
		// The error must be sent although the handler left a deadline behind.
		_ = c.SetWriteDeadline(time.Now().Add(s.cfg.HoldTimeout))
		code, message := s.cfg.Errors.Coded(err)
		_, _ = c.Write(wire.AppendFailure(nil, code, message)) // fails where the caller has left
	}
}

// streamHandler is the handler of a streaming call, or the text for why there is none.
func (s *Session) streamHandler(method string) (handler StreamHandler, text string) {
	h := &s.cfg.Handlers
	if len(method) <= maxMethod {
		if h.Stream != nil {
			handler = h.Stream(method)
		}
		if handler == nil && h.Open != nil {
			var err error
			if handler, err = h.Open(s.ctx, method); err != nil {
				text, _ = s.cfg.Errors.Text(err)
				return nil, text
			}
		}
	}
	if handler == nil {
		text = "Unknown rpc method: " + printable.Quote(method, shownMethod)
	}
	return handler, text
}

// streamHeader reads the header of a streaming call, and a little of what follows it.
func (s *Session) streamHeader(in *requestReader) (method string, early []byte, err error) {
	c := claim{share: &s.conn.Share}
	defer c.hold(0)
	r := wire.NewClaimingReader(sips{in}, mux.FreeBytes, c.hold)
	raw, err := r.Value(maxAck)
	if err != nil {
		s.noteNoRoom(err)
		return "", nil, err
	}
	method, err = wire.NewDecoder().Stream(raw)
	return method, r.Rest(), err
}

// noteNoRoom counts a request that was refused for want of room, if err is that, and reports
// whether it is.
func (s *Session) noteNoRoom(err error) bool {
	if !errors.Is(err, wire.ErrNoRoom) && !errors.Is(err, mux.ErrOverrun) {
		return false
	}
	s.cfg.Counters.RefusedBytes.Add(1)
	s.refused("the requests and answers of all " + s.cfg.Peer + "s hold too many bytes")
	return true
}

// overrun cuts a stream of the server's on which bytes were lost. Who reads it learns that
// first, and may answer.
func (s *Session) overrun(stream uint32) {
	s.cfg.Counters.Overrun.Add(1)
	s.refused("it sent what was not read, and there is no room for more")
	s.group.run(func() {
		grace := time.NewTimer(requestPause)
		defer grace.Stop()
		select {
		case <-grace.C:
			s.conn.Reset(stream, s.sendResets, s.ctx.Done())
		case <-s.ctx.Done():
		}
	})
}

// newMade makes the made of a stream.
func (s *Session) newMade() *made {
	return &made{cfg: s.cfg, share: &s.conn.Share, full: func() { s.noteNoRoom(wire.ErrNoRoom) }}
}

// refusals are what one session refused of its server, for a line in the log now and then.
type refusals struct {
	unlogged atomic.Uint64
	logged   atomic.Int64 // when the last line was written, in nanoseconds from the origin; 0: never
}

// refusalsPause is the least time between two such lines.
const refusalsPause = time.Minute

// refused counts what was refused, and logs it if that was not done lately.
func (s *Session) refused(why string) {
	r := &s.refusals
	r.unlogged.Add(1)
	now, last := max(int64(s.cfg.now()), 1), r.logged.Load()
	if last != 0 && now-last < int64(refusalsPause) || !r.logged.CompareAndSwap(last, now) {
		return
	}
	n, held := r.unlogged.Swap(0), s.conn.Share.Held()
	s.group.run(func() {
		s.cfg.Logger.Warn().Str(s.cfg.Peer, s.Addr).Str("why", why).Uint64("refused", n).Int64("held", held).
			Msg("streams or requests of the " + s.cfg.Peer + " were refused")
	})
}
