package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Stream opens a streaming call of method to the server at addr and waits until
// the server has acknowledged it, for no longer than ctx and Config.HoldTimeout
// until the first byte of that.
// It dials if there is no session.
//
// The connection is the caller's, who sends the method's request on it (WriteRequest),
// reads its frames (NewFrameReader) and must close it; ctx no longer matters then.
// While it is open its session is in use: the session's orderly end waits for it,
// unless the trust on which it was made has been withdrawn (ErrDrained).
//
// Reading ends with io.EOF where the server has ended the call. The connection has a
// method CloseWrite() error, which tells the server that nothing more will be written.
// Servers take that for the caller's departure, also those between the caller and the
// one that acts: both directions end at once (Nomad 2.0.6, nomad/structs/streaming_rpc.go).
// So each method has a way of its own to end its input:
//
//   - FileSystem.Logs, FileSystem.Stream, Agent.Monitor, Agent.MonitorExport send frames
//     with a Payload: bytes where the request says PlainText, else a JSON object with
//     Offset, Data, File and FileEvent; an empty one each second means that there is
//     nothing. They end by themselves unless they follow, as Agent.Monitor always does.
//     CloseWrite ends a follow, as Close does.
//   - Event.Stream sends frames with an Event, whose Data is a JSON object with Index and
//     Events, or an empty one at the beginning and each 30 s. It does not end by itself;
//     CloseWrite ends it.
//   - Allocations.Exec sends frames whose Payload is a JSON object with stdout or stderr
//     (data, close), and at last exited with result. Its input, behind the request, is one
//     value for each message, by WriteRequest: {Stdin: {Data}}, {TtySize: {Height, Width}};
//     {Stdin: {Close: true}} ends the input and leaves the output running. CloseWrite ends
//     the call, and what the command has not sent yet is lost.
//   - Operator.SnapshotSave sends one map (ReadRequest) with SnapshotChecksum, or ErrorCode
//     and ErrorMsg, and then the snapshot, which is no frames: read the connection until
//     io.EOF and compare the checksum, since a snapshot that was cut ends the same way.
//     CloseWrite may cut it.
//   - Operator.SnapshotRestore takes the snapshot as frames (WriteFrame) behind the
//     request, and as their end a frame whose error is "EOF": WriteRequest of
//     {Error: {Message: "EOF"}}. It then sends one map (ReadRequest) with Index, or ErrorCode and
//     ErrorMsg. CloseWrite before that may cut it.
//
// Every error is a *CallError with the causes of Call. A failed opening executed
// nothing, because the request follows the acknowledgement: its outcome is
// NotSent, or Rejected if the server refused.
func (p *Pool) Stream(ctx context.Context, addr, method string) (net.Conn, error) {
	c, at, err := p.stream(ctx, addr, method)
	if err == nil {
		return c, nil
	}
	outcome := NotSent
	if at == PhaseRemote {
		outcome = Rejected
	}
	return nil, &CallError{Method: method, Server: addr, Phase: at, Outcome: outcome, Err: err}
}

// stream finds a session that takes the stream, as call does.
func (p *Pool) stream(ctx context.Context, addr, method string) (c *conn, at Phase, err error) {
	var except uint64
	for range sessionsTried {
		if err = ctx.Err(); err != nil {
			return nil, PhaseFind, err
		}
		var s *session
		if s, err = p.find(ctx, addr, except); err != nil {
			if d, ok := errors.AsType[*DialError](err); ok {
				return nil, d.Phase, err
			}
			return nil, PhaseDial, err
		}
		if c, at, err = s.open(ctx, method); err == nil || at == PhaseRemote {
			s.proved()
		}
		if err == nil || at != PhaseOpen || !p.elsewhere(s) {
			return c, at, err
		}
		except = s.id
	}
	return c, at, err
}

// opening is a stream on its way to being a conn. A goroutine of the session's
// crew does what blocks in yamux; it owns the session's count until the stream is
// a conn, or is given up.
type opening struct {
	session *session
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
	conn *conn
	at   Phase
	err  error
}

// open opens a stream on a session that counts the caller in.
func (s *session) open(ctx context.Context, method string) (*conn, Phase, error) {
	s.engage(method)
	o := &opening{session: s, method: method, result: make(chan opened, 1)}
	o.phase.Store(uint32(PhaseOpen))
	watch := time.NewTimer(s.pool.cfg.SilenceLimit)
	defer watch.Stop()
	w := s.patience(ctx, watch, 0, 0)
	w.method, w.answer = method, &o.answer
	if _, err := w.token(nil); err != nil {
		s.leave()
		return nil, PhaseOpen, err
	}
	if !s.crew.join(o.run) {
		s.leave()
		return nil, PhaseOpen, s.cause()
	}
	over := s.ctx.Done()
	for {
		var why error
		select {
		case r := <-o.result:
			return r.conn, r.at, r.err
		case <-over:
			over = nil
			o.wake() // it ends by itself now
			continue
		case <-watch.C:
			if why = w.fired(); why == nil {
				continue
			}
		case <-ctx.Done():
			why = ctx.Err()
		case <-s.deserted:
			why = s.unserved // a failed opening executed nothing
		}
		at := Phase(o.phase.Load())
		s.unopened()
		if !o.settled.CompareAndSwap(false, true) {
			r := <-o.result // it is there
			return r.conn, r.at, r.err
		}
		o.wake()
		return nil, at, why
	}
}

// wake lets who reads or writes the stream wait no longer.
func (o *opening) wake() {
	if st := o.stream.Load(); st != nil {
		_ = (*st).SetDeadline(time.Unix(1, 0))
	}
}

// run opens the stream and hands it over, or gives it up.
func (o *opening) run() {
	s := o.session
	rest, err := o.acknowledged()
	r := opened{at: Phase(o.phase.Load()), err: err}
	st := o.stream.Load()
	if err == nil {
		r.conn = s.newConn(*st, rest, s.leave)
	}
	if o.settled.CompareAndSwap(false, true) {
		o.result <- r
		if err == nil {
			return
		}
	}
	switch {
	case r.conn != nil:
		_ = r.conn.Close() // nobody has it
	case o.route != nil && s.ctx.Err() == nil:
		// No reset: a server reads the mode byte in its accept loop, and one that
		// finds a reset there may give up the whole session.
		s.conn.CloseStream(o.route)
		s.leave()
	default:
		s.leave()
	}
}

// Read reads the acknowledgement, and counts what comes of it.
func (o *opening) Read(b []byte) (int, error) {
	n, err := (*o.stream.Load()).Read(b)
	if n > 0 {
		o.answer.came(n, int64(time.Since(o.session.pool.origin)))
	}
	return n, err
}

// maxAck bounds an acknowledgement, in bytes.
const maxAck = 64 << 10

// acknowledged opens the stream, sends its header and reads the answer. What came
// in behind that is rest.
func (o *opening) acknowledged() (rest []byte, err error) {
	s := o.session
	if s.leaving() {
		s.conn.Opens.Return()
		return nil, ErrLeaving
	}
	st, err := s.openStream()
	if err != nil {
		return nil, err
	}
	o.route = s.conn.Routes.Add(st.StreamID()) // without a lane, what comes in is yamux's
	o.stream.Store(&st)
	if s.over() {
		return nil, s.cause()
	}
	first := wire.AppendStream([]byte{wire.ModeStreaming}, o.method)
	if o.settled.Load() {
		first = first[:1] // the server waits for the byte, and for nothing more
	} else {
		o.phase.Store(uint32(PhaseWrite))
	}
	if _, err := st.Write(first); err != nil {
		o.route = nil // it may still go out, and the stream's end must not overtake it
		return nil, s.transport(err)
	}
	o.phase.Store(uint32(PhaseFlushed))
	if o.settled.Load() || s.ctx.Err() != nil {
		o.wake() // who left may have found no stream to wake
	}
	r := wire.NewReader(o)
	raw, err := r.Value(maxAck)
	if err != nil {
		return nil, o.unacknowledged(err)
	}
	s.conn.Signs.Answered.Store(int64(time.Since(s.pool.origin)))
	var ack wire.Header
	if err := wire.NewDecoder().Header(raw, &ack); err != nil {
		o.phase.Store(uint32(PhaseRead))
		return nil, garbled(err)
	}
	if ack.Error != "" {
		o.phase.Store(uint32(PhaseRemote))
		return nil, remoteError(ack.Error)
	}
	return r.Rest(), nil
}

// unacknowledged types the error of an acknowledgement that did not come.
func (o *opening) unacknowledged(err error) error {
	s := o.session
	if s.leaving() && errors.Is(err, mux.ErrReset) {
		// The stream crossed with the server's farewell, and nobody has read it.
		o.phase.Store(uint32(PhaseOpen))
		return ErrLeaving
	}
	switch {
	case errors.Is(err, wire.ErrMalformed), errors.As(err, new(*SizeError)):
		o.phase.Store(uint32(PhaseRead))
		return garbled(err)
	case errors.Is(err, io.EOF) && !s.over():
		return errUnacknowledged
	}
	return s.transport(err)
}

// errUnacknowledged says that the server closed a stream without a word.
var errUnacknowledged = errors.New("the server closed the stream and did not acknowledge it")

// transport prefers the reason why the session ended over yamux's symptom of it.
func (s *session) transport(err error) error {
	if s.over() {
		return s.cause()
	}
	return err
}
