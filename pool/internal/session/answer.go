package session

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// answerWriter writes the answers to the calls of one of the peer's streams, past yamux: its
// caller writes the frames, as callers do with their requests. Nothing else may write on the
// stream.
type answerWriter struct {
	conn   *Conn
	stream mux.Framed // nil: it writes to conn
	frame  *mux.Frame
	hold   time.Duration // how long the peer may take nothing
}

func newAnswerWriter(c *Conn, hold time.Duration) answerWriter {
	framed, _ := c.stream.(mux.Framed)
	return answerWriter{conn: c, stream: framed, hold: hold}
}

// errTakesNothing is that the peer takes nothing of an answer.
var errTakesNothing = errors.New("the peer takes nothing of an answer")

// write writes what stands in b behind the room for a head, which it changes. It blocks until the
// transport has it. After an error b must not be used again.
func (w *answerWriter) write(b []byte) (err error) {
	if w.stream == nil {
		for out := b[mux.HeadSize:]; err == nil && len(out) > 0; { // each piece in its time, however slow the line
			n := min(len(out), frameLimit)
			_ = w.conn.SetWriteDeadline(time.Now().Add(w.hold)) // fails where writing does
			_, err = w.conn.Write(out[:n])
			out = out[n:]
		}
		return err
	}
	if err := w.conn.enter(); err != nil {
		return err
	}
	defer w.conn.inside.leave()
	if w.frame == nil {
		w.frame = &mux.Frame{Notify: make(chan struct{}, 1)}
	}
	route, s := w.stream.Route(), w.conn.session
	for sent, size := 0, len(b)-mux.HeadSize; sent < size; {
		n := int(min(route.Window.Load(), int64(min(size-sent, frameLimit))))
		if route.Ended() == mux.ErrReset { //nolint:errorlint // the very value
			return mux.ErrReset
		}
		if n <= 0 {
			if err := w.await(w.stream.Room()); err != nil {
				return err
			}
			continue
		}
		route.Window.Add(-int64(n))
		w.frame.Renew()
		w.frame.SetData(route.Stream, b[sent:sent+mux.HeadSize+n]) // the head overwrites bytes that were sent
		s.conn.Send(w.frame)
		for w.frame.Pending() {
			if err := w.await(w.frame.Notify); err != nil {
				return err
			}
		}
		if w.frame.State() != mux.FrameWritten {
			return s.conn.Cause()
		}
		if sent += n; n > smallRequest {
			s.excuse(int64(n))
		}
	}
	w.frame.Bytes = nil
	return nil
}

// await waits for a token, no longer than the peer may take nothing.
func (w *answerWriter) await(token <-chan struct{}) error {
	late := time.NewTimer(w.hold)
	defer late.Stop()
	select {
	case <-token:
		return nil
	case <-late.C:
		return errTakesNothing
	case <-w.conn.session.ctx.Done():
		return w.conn.session.Cause()
	}
}
