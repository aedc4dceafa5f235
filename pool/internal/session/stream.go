package session

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Open opens a streaming call of method on a session that Enter has counted it in on, and
// counts it out unless it succeeds. It blocks until the server has acknowledged the call,
// or ctx or the session ends. It returns how far the opening came; whatever that is, the
// server executed nothing.
func (s *Session) Open(ctx context.Context, method string) (*Conn, Phase, error) {
	c, at, err := s.open(ctx, method)
	if err == nil || at == PhaseRemote {
		s.answered()
	}
	return c, at, err
}

// streamOpening is a streaming call that is not acknowledged yet. A goroutine of the
// session does what blocks in yamux; it owns the call's count until there is a Conn, or
// the opening has failed.
type streamOpening struct {
	session *base
	method  string
	stream  atomic.Pointer[mux.Stream]
	route   *mux.Route // of run
	phase   atomic.Uint32
	settled atomic.Bool // by the result or by the caller's leaving, whichever is first
	answer  incoming
	result  chan opened
}

// opened is how an opening ended.
type opened struct {
	conn *Conn
	at   Phase
	err  error
}

func (s *base) open(ctx context.Context, method string) (*Conn, Phase, error) {
	s.engage(method)
	o := &streamOpening{session: s, method: method, result: make(chan opened, 1)}
	o.phase.Store(uint32(PhaseOpen))
	timer := time.NewTimer(s.cfg.SilenceLimit)
	defer timer.Stop()
	w := s.newWaiter(ctx, timer, 0, 0)
	w.method, w.answer = method, &o.answer
	if _, err := w.openToken(nil); err != nil {
		s.Leave()
		return nil, PhaseOpen, err
	}
	if !s.group.run(o.run) {
		s.Leave()
		return nil, PhaseOpen, s.Cause()
	}
	ended := s.ctx.Done()
	for {
		var why error
		select {
		case r := <-o.result:
			return r.conn, r.at, r.err
		case <-ended:
			ended = nil
			o.wake() // it ends by itself now
			continue
		case <-timer.C:
			if why = w.check(); why == nil {
				continue
			}
		case <-ctx.Done():
			why = ctx.Err()
		case <-s.deserted:
			why = s.unserved // a failed opening executed nothing
		}
		at := Phase(o.phase.Load())
		s.reportUnopened()
		if !o.settled.CompareAndSwap(false, true) {
			r := <-o.result // it is there
			return r.conn, r.at, r.err
		}
		o.wake()
		return nil, at, why
	}
}

// wake ends a Read or Write on the stream.
func (o *streamOpening) wake() {
	if st := o.stream.Load(); st != nil {
		_ = (*st).SetDeadline(past)
	}
}

// run opens the stream and hands it to the caller, or closes it if the caller has left.
func (o *streamOpening) run() {
	s := o.session
	early, err := o.acknowledged()
	r := opened{at: Phase(o.phase.Load()), err: err}
	st := o.stream.Load()
	if err == nil {
		s.outgoing.Add(1)
		r.conn = s.newConn(*st, early, func() {
			s.outgoing.Add(-1)
			s.Leave()
		})
	}
	if o.settled.CompareAndSwap(false, true) {
		o.result <- r
		if err == nil {
			return
		}
	}
	switch {
	case r.conn != nil:
		_ = r.conn.Close()
	case o.route != nil && s.ctx.Err() == nil:
		// No reset: a server reads the mode byte in its accept loop, and one that finds a
		// reset there may give up the whole session.
		s.conn.CloseStream(o.route)
		s.Leave()
	default:
		s.Leave()
	}
}

// Read reads the acknowledgement, and counts what comes of it.
func (o *streamOpening) Read(b []byte) (int, error) {
	n, err := (*o.stream.Load()).Read(b)
	if n > 0 {
		o.answer.add(n, int64(o.session.cfg.now()))
	}
	return n, err
}

// acknowledged opens the stream, sends its header and reads the answer. early is what came
// in behind that.
func (o *streamOpening) acknowledged() (early []byte, err error) {
	s := o.session
	if s.Leaving() {
		s.conn.Opens.Return()
		return nil, ErrLeaving
	}
	st, err := s.openStream()
	if err != nil {
		return nil, err
	}
	o.route = s.conn.Routes.Add(st.StreamID()) // without a Receiver: yamux gets what comes in
	o.stream.Store(&st)
	if s.Ended() {
		return nil, s.Cause()
	}
	first := wire.AppendStream([]byte{wire.ModeStreaming}, o.method)
	if o.settled.Load() {
		first = first[:1] // the server waits for the byte, and for nothing more
	} else {
		o.phase.Store(uint32(PhaseWrite))
	}
	if _, err := st.Write(first); err != nil {
		o.route = nil // it may still be sent, and the stream's end must not overtake it
		return nil, s.transport(err)
	}
	o.phase.Store(uint32(PhaseFlushed))
	if o.settled.Load() || s.ctx.Err() != nil {
		o.wake() // a caller that has left may have found no stream to wake
	}
	r := wire.NewReader(o)
	raw, err := r.Value(maxAck)
	if err != nil {
		return nil, o.unacknowledged(err)
	}
	s.conn.Signs.Answered.Store(int64(s.cfg.now()))
	var ack wire.Header
	if err := wire.NewDecoder().Header(raw, &ack); err != nil {
		o.phase.Store(uint32(PhaseRead))
		return nil, s.cfg.Errors.Garbled(err)
	}
	if ack.Error != "" {
		o.phase.Store(uint32(PhaseRemote))
		err, _ := s.cfg.Errors.Remote(ack.Error)
		return nil, err
	}
	return r.Rest(), nil
}

// unacknowledged is the error of an acknowledgement that did not come.
func (o *streamOpening) unacknowledged(err error) error {
	s := o.session
	if s.Leaving() && errors.Is(err, mux.ErrReset) {
		// The stream crossed with the server's go away, and no handler has read it.
		o.phase.Store(uint32(PhaseOpen))
		return ErrLeaving
	}
	switch {
	case errors.Is(err, wire.ErrMalformed), errors.As(err, new(*wire.SizeError)):
		o.phase.Store(uint32(PhaseRead))
		return s.cfg.Errors.Garbled(err)
	case errors.Is(err, io.EOF) && !s.Ended():
		return errUnacknowledged
	}
	return s.transport(err)
}

// errUnacknowledged is that the server closed a stream without an answer.
var errUnacknowledged = errors.New("the server closed the stream and did not acknowledge it")
