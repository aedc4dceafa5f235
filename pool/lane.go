package pool

import (
	"fmt"
	"sync/atomic"
	"time"

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
	seq    uint64 // of the request; unique in the pool, so that no answer can pass for another's
	header int    // where the reply's header ends
	end    int    // where the reply ends
	err    error  // how the exchange failed, or nil
	ended  Phase  // where it ended

	spoiled bool   // the stream is of no further use
	fresh   bool   // the stream has not had its mode byte
	closes  uint64 // of the tap, when the stream was last known to be open
}

// abandoned is the phase of an exchange whose caller has left.
const abandoned = uint32(1 << 31)

// keepBuffer is the largest buffer an idle lane holds on to.
const keepBuffer = 256 << 10

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
func (l *lane) encode(seq uint64, method string, args any) (err error) {
	l.seq = seq
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

// transport prefers the reason why the session ended over yamux's symptom of it.
// While the session lives, it is the stream alone that has ended.
func (l *lane) transport(err error) error {
	if l.session.over() {
		return l.session.cause()
	}
	return fmt.Errorf("%w: %w", ErrStreamEnded, err)
}

// discard closes the stream, if there is one.
func (l *lane) discard() {
	s := l.stream.Swap(nil)
	if s == nil {
		return
	}
	// A stream that only this side has closed is kept by a timer of yamux for
	// minutes, and its session with it, even one that is over. What is kept must
	// not hold what large replies have made it grow to.
	(*s).Shrink()
	if l.session.ctx.Err() == nil {
		_ = (*s).Close() // the peer learns of it; the keeper closes what is left
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
