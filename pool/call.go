package pool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
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
//     up, with a *BackoffError in it where none was tried for, ErrLeaving, ErrNoStream where one takes no call;
//   - *RemoteError where the server refused it; *DecodeError, *SizeError,
//     *ProtocolError where its answer cannot be used, *RoomError where there was no room
//     for it beside the others that came in;
//   - *HoldError where it did not answer for Config.HoldTimeout, or Request.Hold, and
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

// Request is one call. Moved, Limit and Late are what package proxy needs to make a call
// elsewhere in the meantime; they are not promised.
type Request struct {
	Method string
	Args   any           // what msgpack can express, or a Raw; it is read until the last of it was sent
	Reply  any           // a non-nil pointer, or nil
	Block  time.Duration // how long the server was asked to hold a blocking query, see BlockTime; 0: it is none

	// Moved, if not nil, makes it a call that does no harm when it is made twice, and is to
	// be made elsewhere once Moved is closed: it then ends with ErrMoved, unless its answer
	// is on its way already. It ends the same way, with ErrRenewed or ErrLeaving joined to
	// ErrMoved, when its session takes no new calls any more. A server that was left thus
	// does not hold a blocking query for minutes, and the agent's new server hears of it at
	// once.
	Moved <-chan struct{}
	// Repeatable makes it a call that does no harm when it is made twice. It then ends
	// with ErrNotServing as soon as its server is found to leave calls unanswered, so
	// that it can be made elsewhere. One that is not waits on, because it would not be
	// known whether it was executed.
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
	// Limit, if positive, is how long this attempt may take from the beginning, a dial
	// included. It does not end a large request that is on its way out or a large reply
	// on its way in, for as long as either goes on: 16 KiB of the request a second, or
	// 1 KiB of the reply. So a slow transfer is not begun anew elsewhere. A call that
	// ends so has ErrAttemptTimeout; the limit needs no context of its own. Late, if not nil, is asked
	// instead, once, when the request waits on its session.
	// It has no effect with Moved.
	Limit time.Duration
	Late  Late

	probe bool // only an answer is wanted: calls go before
}

// Late is asked when a call's Request.Limit is over, while the call waits for it. It must not
// block. A panic in it ends the call as nil does, and counts among Stats.Panics.
type Late interface {
	// Late returns a channel to let the call go on until that is closed, when it ends with
	// ErrMoved, or nil to end it at once.
	Late() <-chan struct{}
}

// ErrAttemptTimeout means that a call used up its Request.Limit while its context was still
// valid.
var ErrAttemptTimeout = session.ErrAttemptTimeout

// Do is Call with options: see Request for how long the server may block, when the call may
// be moved, and how long this attempt may take.
func (p *Pool) Do(ctx context.Context, addr string, r *Request) error {
	at, err := p.call(p.guarded(ctx), addr, r, p.counts.calls.Add(1))
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
		outcome = remote.effect
	}
	return &CallError{Method: r.Method, Server: addr, Phase: at, Outcome: outcome, Err: err}
}

// Ping asks the server at addr whether it answers calls, and tells how long that
// took, a dial included. An address in back-off is not dialed for it either, and calls
// are dialed for first. The errors are those of Call.
func (p *Pool) Ping(ctx context.Context, addr string) (time.Duration, error) {
	begin := time.Now()
	err := p.Do(ctx, addr, &Request{Method: session.PingMethod, Args: &emptyMap, Repeatable: true, probe: true})
	return time.Since(begin), err
}

// sessionsTried is how many sessions a call tries.
const sessionsTried = 3

// call finds a session that takes the request, and another one where it was refused before
// anything was sent.
func (p *Pool) call(ctx context.Context, addr string, r *Request, seq uint64) (at Phase, err error) {
	if v := reflect.ValueOf(r.Reply); r.Reply != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return PhaseFind, fmt.Errorf("reply must be a non-nil pointer or nil, not %T", r.Reply)
	}
	next := p.request(r, seq)
	return p.onSession(ctx, addr, next.Deadline, r.probe, func(s *connection) (Phase, error) {
		at, err := s.Call(ctx, &next)
		return Phase(at), err
	})
}

// request is r as a session takes it. Its Limit begins now.
func (p *Pool) request(r *Request, seq uint64) session.Request {
	deadline := time.Duration(0)
	if r.Limit > 0 {
		deadline = time.Since(p.origin) + min(r.Limit, longest)
	}
	return session.Request{
		Seq: seq, Deadline: deadline, Late: r.Late,
		Method: r.Method, Args: r.Args, Reply: r.Reply, Block: r.Block, Hold: r.Hold,
		Moved: r.Moved, Repeatable: r.Repeatable, Verify: r.Verify, Probe: r.probe,
	}
}

// onSession has try carry something on a session to addr, with try's count taken by Enter.
// Where it comes no further than PhaseOpen because the session takes nothing any more, it
// is tried on another one.
func (p *Pool) onSession(ctx context.Context, addr string, deadline time.Duration, probe bool,
	try func(*connection) (Phase, error),
) (at Phase, err error) {
	var except uint64
	for range sessionsTried {
		if err = ctx.Err(); err != nil {
			return PhaseFind, err // it would be sent in vain
		}
		var s *connection
		if s, err = p.findUntil(ctx, addr, except, deadline, probe); err != nil {
			if d, ok := errors.AsType[*DialError](err); ok {
				return d.Phase, err
			}
			return PhaseDial, err
		}
		if at, err = try(s); at != PhaseOpen || err == nil || !p.elsewhere(s) {
			return at, err
		}
		except = s.ID
	}
	return at, err
}

// findUntil is find within a deadline too, 0 for none, which a dial may use up.
func (p *Pool) findUntil(ctx context.Context, addr string, except uint64, deadline time.Duration, probe bool) (*connection, error) {
	if deadline == 0 || (*p.table.Load())[addr] != nil && except == 0 {
		return p.find(ctx, addr, except, probe)
	}
	limited, stop := context.WithDeadline(ctx, p.origin.Add(deadline))
	defer stop()
	s, err := p.find(limited, addr, except, probe)
	if err != nil && limited.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, ErrAttemptTimeout
	}
	return s, err
}

// find is a session to addr that counts the caller in; the caller must leave it. A session
// numbered except is of no use. Without one it asks the owner to dial, and waits for that
// within ctx; probe lets calls go before.
func (p *Pool) find(ctx context.Context, addr string, except uint64, probe bool) (*connection, error) {
	err := errShortLived
	for range sessionsTried {
		if s := (*p.table.Load())[addr]; s != nil && s.ID != except && s.Enter() {
			if !s.Ended() && !s.Leaving() {
				return s, nil
			}
			s.Leave()
			except, err = s.ID, s.Cause()
		}
		if err := p.await(ctx, poolcore.Connect{Addr: addr, Except: except, Probe: probe}); err != nil {
			return nil, err
		}
	}
	return nil, err
}

// elsewhere reports whether what was not sent on a session may be sent on another one to
// the same server: it takes nothing any more, or there is another one already.
func (p *Pool) elsewhere(s *connection) bool {
	if s.Ended() || s.Leaving() {
		return true
	}
	current := (*p.table.Load())[s.Addr]
	return current != nil && current != s
}

// await asks the owner for a session and waits within ctx until it is up.
func (p *Pool) await(ctx context.Context, wanted poolcore.Connect) error {
	dialed, asked := actor.Ask(ctx, p.actor.Ref, func(r actor.Reply[error]) *mail {
		wanted.Reply = r
		return &mail{Message: wanted}
	})
	if asked != nil {
		// A full mailbox loses it: then a dial is made that no caller waits for.
		_ = p.actor.TryTell(&mail{Message: poolcore.Withdraw{Addr: wanted.Addr, Reply: wanted.Reply}})
		return asked
	}
	return dialed
}
