package session

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// opening is the opening of a call stream. yamux may block while the transport takes
// nothing, so a goroutine of the session does it. It hands the call stream to the caller,
// or to the session if the caller has left.
type opening struct {
	settled atomic.Bool // by the result or by the caller's leaving, whichever is first
	done    chan struct{}
	err     error
}

// callStream carries calls one after the other over a yamux stream. It belongs to the
// caller that took it from the session, until it is put back; see reply for the part of the
// goroutine that reads the transport. A call stream whose caller left behind its
// request is not used again.
type callStream struct {
	session *base
	idle    *idleStreams // of the session
	stream  mux.Stream   // nil until it is open
	route   *mux.Route
	opening *opening      // nil once it is open, and the caller's
	timer   *time.Timer   // of the waiter
	room    chan struct{} // has a token when more of the request may be sent: the window grew, or a frame was written
	done    chan struct{} // has a token in stateAnswered

	asked   time.Duration // when the call began, from the origin; read in stateAsked
	seq     uint64        // of the request
	buf     *buffers      // of the call; nil: the stream is idle
	sent    int           // bytes of the request that were put into frames
	passed  int           // of these, those of pieces before the one in buf
	unmade  error         // why the rest of the request cannot be made
	frame   *mux.Frame    // the last of these
	fresh   bool          // no call was answered on it
	partial bool          // its caller left amid the reply
	lent    bool          // and the reading goroutine has its buffer
	spoiled bool          // it is of no further use

	state atomic.Uint32
	reply
}

// The states of a call stream.
const (
	stateIdle      = iota // nothing is expected from the peer
	stateAsked            // a reply is, and nothing of it has come
	stateReading          // a part of it has come
	stateFilling          // and the reading goroutine is putting more of it behind that
	stateAnswered         // it is whole, or will not come
	stateAbandoned        // its caller has left
)

func newCallStream(s *base, idle *idleStreams) *callStream {
	l := &callStream{
		session: s, idle: idle, room: make(chan struct{}, 1), done: make(chan struct{}, 1),
		opening: &opening{done: make(chan struct{}, 1)}, fresh: true,
		frame: new(mux.Frame), reply: reply{window: mux.WindowSize, meter: windowMeter{size: mux.WindowSize}},
	}
	l.timer = time.NewTimer(time.Hour)
	l.timer.Stop()
	return l
}

// newFrame readies the frame for a request of which nothing was sent.
func (l *callStream) newFrame() {
	if at := l.frame.State(); l.frame.Pending() || at == mux.FrameWithdrawn {
		l.frame = new(mux.Frame)
	}
	l.frame.Renew()
}

// encode writes a request into the buffer, behind the room for a head, or the first piece of one
// that may be large.
func (l *callStream) encode(r *Request) (err error) {
	l.seq = r.Seq
	l.unsent()
	l.buf = takeBuffers()
	codec := l.session.cfg.Codec
	header := wire.AppendRequest(append(l.buf.request[:0], headRoom[:]...), l.seq, r.Method)
	if codec.Large(l.buf.enc, r.Args) {
		l.buf.request = header
		return l.buf.stream(codec, r.Args)
	}
	l.buf.request, err = codec.Append(l.buf.enc, header, r.Args)
	return err
}

// unsent is that nothing of the request was sent.
func (l *callStream) unsent() {
	l.sent, l.passed, l.unmade = 0, 0, nil
	l.newFrame()
}

// headRoom is the space that a frame's head will be written over.
var headRoom [mux.HeadSize]byte

// size is how many bytes of the request were made: all, unless there is more.
func (l *callStream) size() int { return l.passed + len(l.buf.request) - mux.HeadSize }

// more reports whether there is more of the request than was made.
func (l *callStream) more() bool { return l.buf.more != nil && !l.buf.more.ended }

// allSent reports whether all of the request was put into frames.
func (l *callStream) allSent() bool { return l.sent == l.size() && !l.more() }

// makeNext makes the next piece in the place of the last one, which was written. It reports
// false if the request cannot be made.
func (l *callStream) makeNext() bool {
	l.passed = l.sent
	l.buf.request = l.buf.request[:mux.HeadSize]
	l.buf.at = l // methods of the caller's types may end the goroutine
	l.unmade = l.buf.more.make()
	l.buf.at = nil
	return l.unmade == nil
}

// bulkFrame is how large a frame of a request, in bytes, is a sign that much is sent.
// The first one is none: the peer's window was open.
const bulkFrame = 4 << 10

// sendNext sends the next frame of the request. It reports false if there is none, the
// last one is not written yet, or the peer has no room for it.
func (l *callStream) sendNext() bool {
	if at := l.frame.State(); at != mux.FrameNew && at != mux.FrameWritten {
		return false // a token in room follows
	}
	if l.sent == l.size() && (!l.more() || !l.makeNext()) {
		return false
	}
	rest := l.size() - l.sent
	n := int(min(l.route.Window.Load(), int64(min(rest, frameLimit))))
	if n <= 0 {
		return false
	}
	l.route.Window.Add(-int64(n))
	// The head overwrites bytes that were sent.
	l.frame.SetData(l.route.Stream, l.buf.request[l.sent-l.passed:l.sent-l.passed+mux.HeadSize+n])
	l.frame.Notify = nil
	if l.sent > 0 && n >= bulkFrame {
		l.session.conn.Signs.Bulk.Store(int64(l.session.cfg.now()))
	}
	if l.sent += n; !l.allSent() {
		l.frame.Notify = l.room
	}
	l.session.conn.Join(l.frame)
	return true
}

// phase is how far the request has come; what was not sent yet is withdrawn.
func (l *callStream) phase() Phase {
	first := l.sent == len(l.frame.Bytes)-mux.HeadSize
	yields := 0
	if l.session.Ended() {
		yields = 1000 // the transport is being closed, and a write that blocks ends with it
	}
	if l.session.conn.NonBlocking() {
		yields = math.MaxInt // a write that does not block ends soon
	}
	switch l.frame.Recall(yields) {
	case mux.FrameNew:
		return PhaseOpen
	case mux.FrameRefused, mux.FrameWithdrawn:
		if first {
			return PhaseOpen
		}
		return PhaseWrite
	case mux.FrameWriting, mux.FrameTorn:
		return PhaseWrite
	}
	switch {
	case !l.allSent():
		return PhaseWrite
	case l.partial:
		return PhaseRead
	}
	return PhaseFlushed
}

// reset readies the call stream for the next caller. The reply may come before the writer
// has settled the frame, which it may look at until then.
func (l *callStream) reset() {
	l.session.cfg.Replies.release(l)
	if !l.frame.Pending() {
		l.buf.release()
		l.frame.Bytes = nil
	} else {
		l.buf.end(true)
		l.frame = new(mux.Frame)
	}
	l.buf = nil
	l.fresh = false
	l.state.Store(stateIdle)
}

// withdraw makes the call stream another caller's whose own caller has left, if nothing
// of the request was sent, and reports whether it did. The server has nothing to answer on it.
func (l *callStream) withdraw() bool {
	s := l.session
	at := l.frame.State()
	if l.partial || at != mux.FrameNew && at != mux.FrameWithdrawn || s.Ended() || s.Leaving() || l.ended() != nil {
		return false
	}
	l.route.Window.Add(int64(l.sent))
	l.unsent()
	l.buf.release()
	l.buf = nil
	l.state.Store(stateIdle)
	l.put()
	return true
}

// discard closes the stream, on which nothing more is expected. It does not block. On a
// session that has ended nothing is closed.
func (l *callStream) discard() {
	l.timer.Stop()
	l.state.Store(stateAbandoned)
	l.session.cfg.Replies.release(l)
	l.session.path.over(&l.meter.beyond)
	l.dropBuffers()
	if l.stream != nil && l.session.ctx.Err() == nil {
		l.session.conn.CloseStream(l.route)
	}
}

// dropBuffers drops what the reading goroutine does not use: the call stream is reachable
// through its route until the peer has acknowledged the stream.
func (l *callStream) dropBuffers() {
	buf, pending := l.buf, l.frame.Pending()
	if buf != nil { // which may have been left amid their work
		buf.enc, buf.dec = nil, nil
	}
	if !pending {
		l.frame.Bytes = nil
	}
	if buf != nil {
		buf.end(pending)
	}
	switch {
	case buf == nil:
	case l.lent:
		buf.request = nil // no more: the reading goroutine may read buf
	default:
		if l.buf = nil; !pending {
			buf.release()
		}
	}
}
