package pool

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// lane carries calls one after the other over a stream of its session. It has no
// goroutine: its caller writes the request past yamux, the goroutine that reads
// the transport puts the reply together, and the caller waits for it, for its
// context, for both.
//
// A lane belongs to whoever took it from the session, until it is put back. What
// reply.go has belongs to the reading goroutine while the lane's turn is asked or
// heard, and so does the buffer for the reply while it is heard, and not before: a
// caller that leaves takes it along, since the lane stays until the peer has acknowledged
// its stream. A lane whose caller left behind its request is not used again.
type lane struct {
	session *session
	stream  mux.Stream // nil until it was opened
	route   *mux.Route
	opening laneOpening
	watch   *time.Timer   // when to look whether the server is silent
	room    chan struct{} // there may be room to send on: the window grew, or a frame was written
	done    chan struct{} // the turn is answered

	enc     *wire.Encoder
	dec     *wire.Decoder
	until   time.Duration // when the attempt of the call is over, since the pool's origin; 0: never
	seq     uint64        // of the request; unique in the pool, so that no answer can pass for another's
	lent    *buffers      // of the call
	sent    int           // bytes of the request that were put into frames
	frame   *mux.Frame    // the last of these
	fresh   bool          // no call has been answered on it
	amid    bool          // its caller left amid the reply, whose buffer stayed with the reading goroutine
	spoiled bool          // it is of no further use

	turn atomic.Uint32
	reply
}

// The turns of a lane.
const (
	turnIdle     = iota // nothing is expected from the peer
	turnAsked           // a reply is, and nothing of it came in
	turnHeard           // it comes in, and the reading goroutine puts it together
	turnAnswered        // it is there, or why there is none
	turnLeft            // nobody is interested any more
)

func newLane(s *session) *lane {
	l := &lane{
		session: s, room: make(chan struct{}, 1), done: make(chan struct{}, 1),
		enc: wire.NewEncoder(), dec: wire.NewDecoder(),
		opening: laneOpening{done: make(chan struct{}, 1)}, fresh: true,
		frame: new(mux.Frame), reply: reply{allowed: mux.WindowSize},
	}
	l.watch = time.NewTimer(time.Hour)
	l.watch.Stop()
	return l
}

// unframed readies the frame for a request of which nothing was sent.
func (l *lane) unframed() {
	if at := l.frame.State(); l.frame.Pending() || at == mux.FrameWithdrawn {
		l.frame = new(mux.Frame)
	}
	l.frame.Renew()
}

// encode puts a request behind the room for a head.
func (l *lane) encode(seq uint64, method string, args any) (err error) {
	l.seq, l.sent = seq, 0
	l.unframed()
	l.lent = lend()
	header := wire.AppendRequest(append(l.lent.request[:0], headRoom[:]...), l.seq, method)
	l.lent.request, err = l.session.pool.cfg.Codec.append(l.enc, header, args)
	return err
}

// headRoom is what a frame's head will be written over.
var headRoom [mux.HeadSize]byte

// bulkFrame is how large a frame of a request, in bytes, is a sign that much is sent. The
// first one is none: the peer's window was open.
const bulkFrame = 4 << 10

// frameLimit is the largest body of a lane's frame: others have their turn
// between two of them.
const frameLimit = 128 << 10

// advance sends the next frame of the request, if there is one, the last one is
// out of the way, and the peer has room for it.
func (l *lane) advance() bool {
	rest := len(l.lent.request) - mux.HeadSize - l.sent
	if at := l.frame.State(); rest == 0 || at != mux.FrameNew && at != mux.FrameWritten {
		return false // who writes tells when it has
	}
	n := int(min(l.route.Window.Load(), int64(min(rest, frameLimit))))
	if n <= 0 {
		return false
	}
	l.route.Window.Add(-int64(n))
	// The head overwrites bytes that were sent.
	l.frame.SetData(l.route.Stream, l.lent.request[l.sent:l.sent+mux.HeadSize+n])
	l.frame.Notify = nil
	if l.sent > 0 && n >= bulkFrame {
		l.session.conn.Signs.Bulk.Store(int64(time.Since(l.session.pool.origin)))
	}
	if l.sent += n; n < rest {
		l.frame.Notify = l.room
	}
	l.session.conn.Join(l.frame)
	return true
}

// progress says how far a request has come, and takes back what was not sent yet.
func (l *lane) progress() Phase {
	first := l.sent == len(l.frame.Bytes)-mux.HeadSize
	yields := 0
	if l.session.over() {
		yields = 1000 // the transport is being closed, and with it ends a write that blocks
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
	case l.sent < len(l.lent.request)-mux.HeadSize:
		return PhaseWrite
	case l.amid:
		return PhaseRead
	}
	return PhaseFlushed
}

// errStreamEnded types the end of a stream whose session lives on.
func errStreamEnded(err error) error { return fmt.Errorf("%w: %w", ErrStreamEnded, err) }

// rest readies the lane for the next caller. A server can be quicker than who has
// written its request says so; that one may then still look at it.
func (l *lane) rest() {
	if !l.frame.Pending() {
		l.lent.put()
		l.frame.Bytes = nil
	} else {
		l.frame = new(mux.Frame)
	}
	l.lent = nil
	l.fresh = false
	l.turn.Store(turnIdle)
}

// strip lets go of what the lane holds and the reading goroutine does not use. The
// lane itself may be known to the tap until the peer closes its stream.
func (l *lane) strip() {
	l.enc, l.dec = nil, nil
	lent, pending := l.lent, l.frame.Pending()
	if !pending {
		l.frame.Bytes = nil
	}
	switch {
	case lent == nil:
	case l.amid:
		lent.request = nil // no more: the reading goroutine may be looking
	default:
		if l.lent = nil; !pending {
			lent.put()
		}
	}
}

// unask takes back a request of which nothing was sent, when its caller has left, and
// reports whether it could: the lane is then another caller's. The server owes nothing
// on it.
func (l *lane) unask() bool {
	s := l.session
	at := l.frame.State()
	if l.amid || at != mux.FrameNew && at != mux.FrameWithdrawn || s.over() || s.leaving() || l.ended() != nil {
		return false
	}
	l.route.Window.Add(int64(l.sent))
	l.sent = 0
	l.unframed()
	l.lent.put()
	l.lent = nil
	l.turn.Store(turnIdle)
	s.put(l)
	return true
}

// discard gives the lane up: nothing more is expected on its stream, which ends. It does
// not block. Nothing is closed on a session that is over.
func (l *lane) discard() {
	l.turn.Store(turnLeft)
	l.strip()
	if l.stream != nil && l.session.ctx.Err() == nil {
		l.session.conn.CloseStream(l.route)
	}
}
