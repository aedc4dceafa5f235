package pool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Call sends method with args to the server at addr and reads the answer into
// reply, a non-nil pointer, or nil to ignore it. It dials if there is no session,
// and blocks until the answer is there or ctx ends.
//
// args is read before anything is sent and is not kept; reply is set to its zero
// value and written only when the answer was read whole. Both are encoded as Nomad's
// own servers do it: a struct is a map whose keys are the names of its exported fields,
// or those that their codec tags give; other tags, json among them, mean nothing.
// Config.Codec replaces that, and a Raw passes as it is.
//
// Every error is a *CallError. Its cause, to be found with errors.Is and errors.As,
// is one of
//   - ctx.Err, or ErrStopped once the pool is stopped;
//   - *EncodeError where args cannot be written, *DialError where no session came
//     up, ErrLeaving, ErrNoStream where one takes no call;
//   - *RemoteError where the server said no; *DecodeError, *SizeError,
//     *ProtocolError where what it said cannot be used;
//   - *HoldError where it said nothing for Config.HoldTimeout, or Request.Hold, and
//     what the request asked for, or went no further amid its answer, ErrStreamEnded where it has ended the stream of the call;
//   - why the session ended that the call was on: ErrSilent, *ProtocolError,
//     *BacklogError, ErrDrained, ErrTooManySessions, or the transport's own error,
//     io.EOF for its end; ErrNotServing where it lives and a call that is Repeatable,
//     or may be Moved, left it because its server answers none;
//   - an error of no type where reply is no such pointer, or where sessions end,
//     with ErrIdle and ErrRenewed among their reasons, before they take the call.
func (p *Pool) Call(ctx context.Context, addr, method string, args, reply any) error {
	return p.Do(ctx, addr, &Request{Method: method, Args: args, Reply: reply, Block: BlockTime(args)})
}

// Request is one call.
type Request struct {
	Method string
	Args   any           // what msgpack can express, or a Raw
	Reply  any           // a non-nil pointer, or nil
	Block  time.Duration // how long the server was asked to hold a blocking query, see BlockTime; 0: it is none

	// Moved, if not nil, makes it a call that does no harm when it is made twice, and
	// is to be made elsewhere once Moved is closed: it then ends with ErrMoved, unless a
	// large answer is on its way already. So it does, with the reason beside it, when its session takes no new calls any more,
	// ErrRenewed or ErrLeaving. A server that was left thus does not hold a blocking
	// query for minutes, and the agent's new server hears of it at once.
	Moved <-chan struct{}
	// Repeatable makes it a call that does no harm when it is made twice. It then ends
	// with ErrNotServing as soon as its server is found to leave calls unanswered, so
	// that it can be made elsewhere. One that is not waits on, since nobody could say
	// whether it was executed.
	Repeatable bool
	// Hold is how long the server may take until the first byte of its answer comes,
	// beyond Block, and how long the answer may then pause; 0 means Config.HoldTimeout,
	// a year is the most.
	Hold time.Duration
	// Verify has the server answer a ping before the request is sent, where nothing came
	// in on the session for Config.SilenceLimit: a session that a device on the way has
	// forgotten while it was idle is then found out, and replaced, before anything is
	// sent on it. It is for calls that must not be sent twice, and costs a round trip
	// after a pause.
	Verify bool
	// Rest, if not nil, takes the place of the context of the call when that ends while
	// a large request is on its way out or a large reply on its way in, for as long
	// as either goes on: 2 s for a reply, 10 s for a request, without 1 KiB for each of
	// these end the call as its own context would have. So who limits one attempt need
	// not begin anew what only takes its time.
	Rest context.Context
	// Limit, if positive, is how long this attempt may take from the beginning, a dial
	// included, if it is not amid a large request or reply then, as of Rest. A call that
	// ends so has ErrAttemptTimeout, and costs no context. Late, if not nil, is asked
	// instead, once, in the goroutine of the call, when the request waits on its session.
	// It is not with Moved.
	Limit time.Duration
	Late  Late

	asking bool // it is the owner's own Status.Ping
}

// Late decides about a call whose Request.Limit is over. It must not block.
type Late interface {
	// Late has the call go on until the channel is closed, and then end with ErrMoved;
	// nil ends it at once.
	Late() <-chan struct{}
}

// Do is Call for a caller that knows how long the server will hold the request, and
// may have it moved.
func (p *Pool) Do(ctx context.Context, addr string, r *Request) error {
	at, err := p.call(ctx, addr, r, p.counts.calls.Add(1))
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrMoved) {
		p.counts.moved.Add(1)
	} else {
		p.counts.failures.Add(1)
	}
	outcome := outcomeAt(at)
	if remote, ok := errors.AsType[*RemoteError](err); ok {
		outcome = remote.outcome()
	}
	return &CallError{Method: r.Method, Server: addr, Phase: at, Outcome: outcome, Err: err}
}

// pingMethod is answered by any live server, also without a leader.
const pingMethod = "Status.Ping"

// Ping asks the server at addr whether it answers calls, and tells how long that
// took, a dial included. The errors are those of Call.
func (p *Pool) Ping(ctx context.Context, addr string) (time.Duration, error) {
	begin := time.Now()
	err := p.Do(ctx, addr, &Request{Method: pingMethod, Args: &emptyMap, Repeatable: true})
	return time.Since(begin), err
}

// sessionsTried is over how many sessions a call looks for one that takes it.
const sessionsTried = 3

// call finds a session that takes the request; a session that refuses it before
// anything is sent is replaced.
func (p *Pool) call(ctx context.Context, addr string, r *Request, seq uint64) (at Phase, err error) {
	if v := reflect.ValueOf(r.Reply); r.Reply != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return PhaseFind, fmt.Errorf("reply must be a non-nil pointer or nil, not %T", r.Reply)
	}
	var except uint64
	until := r.expiry(p.origin)
	for range sessionsTried {
		if err = ctx.Err(); err != nil {
			return PhaseFind, err // it would be sent and nobody would wait
		}
		var s *session
		if s, err = p.findUntil(ctx, addr, except, until); err != nil {
			if d, ok := errors.AsType[*DialError](err); ok {
				return d.Phase, err
			}
			return PhaseDial, err
		}
		if at, err = s.call(ctx, r, seq, until); at != PhaseOpen || err == nil || !p.elsewhere(s) {
			return at, err
		}
		except = s.id
	}
	return at, err
}

// call carries one call, counted in by enter, and counts it out.
func (s *session) call(ctx context.Context, r *Request, seq uint64, until time.Duration) (Phase, error) {
	var busy *lane // its codec is at work, and with it methods of the caller's types
	defer func() {
		if busy != nil {
			busy.discard() // one of them has ended the goroutine (runtime.Goexit)
			s.leave()
		}
	}()
	for {
		l := s.lane()
		l.until = until
		busy = l
		err := l.encode(seq, r.Method, r.Args)
		busy = nil
		if err != nil {
			l.lent.put()
			if l.lent = nil; l.stream != nil {
				s.put(l)
			}
			s.leave()
			return PhaseFind, &EncodeError{Args: fmt.Sprintf("%T", r.Args), Err: err}
		}
		l, at, left, err := l.exchange(ctx, r)
		switch {
		case left:
			s.leave()
			return at, err
		case err == errStale: //nolint:errorlint // the very value
			l.discard()
			continue
		case err != nil:
			l.discard()
			s.leave()
			return at, err
		}
		busy = l
		at, err = l.finish(r.Reply)
		busy = nil
		if l.spoiled {
			l.discard()
			s.leave()
			return at, err
		}
		l.rest()
		s.put(l)
		s.leave()
		return at, err
	}
}

// finish reads the reply that is there.
func (l *lane) finish(reply any) (Phase, error) {
	var h wire.Header
	if err := l.dec.Header(l.lent.reply[:l.header], &h); err != nil {
		l.spoiled = true
		return PhaseRead, &ProtocolError{Layer: "rpc", Reason: err.Error(), Err: err}
	}
	if h.Seq != l.seq {
		l.spoiled = true
		return PhaseRead, &ProtocolError{
			Layer: "rpc", Reason: fmt.Sprintf("the reply is to request %d, not to %d", h.Seq, l.seq),
		}
	}
	if h.Error != "" {
		remote := remoteError(h.Error)
		if remote.Kind == ErrUnknownMethod || remote.Kind == ErrBadRequest { //nolint:errorlint // the very values
			// The server closes the stream behind such an answer. A request that
			// crosses with that would be lost.
			l.spoiled = true
		}
		return PhaseRemote, remote
	}
	body, gone := l.lent.reply[l.header:l.end], cap(l.lent.reply) > keepBuffer
	err := l.session.pool.cfg.Codec.read(l.dec, body, gone, reply)
	if l.scan.Extended() {
		l.dec.Forget() // or it pins the buffer, which other calls will have
	}
	if err != nil {
		l.spoiled = true
		return PhaseDecode, &DecodeError{Reply: fmt.Sprintf("%T", reply), Err: err}
	}
	return PhaseDecode, nil
}
