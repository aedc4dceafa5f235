package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// connection is a session and the pool's state of it.
type connection struct {
	*session.Session
	conn        *mux.Conn
	route       string      // what was dialed: the server's address, or one of its name
	routeFailed atomic.Bool // the resolver knows that it failed
	endNoted    bool        // its end, or that its server is leaving or answers no calls, was reported; of the owner

	up    time.Time         // since when it is; set before calls can find it
	peer  *credentials.Peer // what the server has shown; nil: it was reached without TLS
	trust trust             // of the owner, once the session is up
}

// trust is what the owner knows of a session's server. It is the owner's.
type trust struct {
	under  credentials.Sum // it was trusted by these when it was verified last
	unsure time.Time       // when they went out of force; zero: they are in force
}

// newConnection is a session over conn, before its first byte is sent.
func (p *Pool) newConnection(ctx context.Context, conn net.Conn, addr, route string, id uint64) *connection {
	in, out := &p.counts.BytesIn, &p.counts.BytesOut
	if _, counted := conn.(*credentials.Conn); counted {
		in, out = new(atomic.Uint64), new(atomic.Uint64) // of the bytes inside TLS, which metered does not count
	}
	shared := mux.New(conn, mux.Config{Origin: p.origin, In: in, Out: out, Budget: p.budget, Relays: p.cfg.RefuseSidecars, CountsAll: p.parent != nil, Violation: newViolation})
	return &connection{Session: session.New(ctx, p.sessions, shared, id, addr), conn: shared, route: route}
}

// sessionConfig is the configuration that the pool's sessions share.
func (p *Pool) sessionConfig(errs sessionErrors, replies *session.ReplyRoom) *session.Config {
	h := &p.cfg.Handlers
	cfg := &session.Config{
		Origin: p.origin, Logger: p.log, Peer: "server", RoomName: "MaxReverseBytes", Counters: &p.counts.Counters,
		SilenceLimit: p.cfg.SilenceLimit, PingTimeout: p.cfg.PingTimeout,
		HoldTimeout: p.cfg.HoldTimeout, IdleTimeout: p.cfg.IdleTimeout,
		MaxIdleStreams: p.cfg.MaxIdleStreams, MaxReplyBytes: p.cfg.MaxReplyBytes,
		MaxReverseStreams: p.cfg.MaxReverseStreams, MaxRequestBytes: p.cfg.MaxRequestBytes,
		MaxReverseBytes: p.cfg.MaxReverseBytes, MaxPendingReplyBytes: p.cfg.MaxPendingReplyBytes,
		Replies: replies, Codec: coder{p.cfg.Codec, p.log}, Errors: errs, Notify: reports{p}, Usual: methodTimes{p},
		Handlers: session.Handlers{
			Call: func(method string) session.CallHandler { return h.Calls[method] },
			RPC:  h.RPC, Unknown: h.unknown,
			Stream: func(method string) session.StreamHandler { return h.stream(method) },
		},
	}
	if h.OpenStream != nil {
		cfg.Handlers.Open = func(ctx context.Context, method string) (session.StreamHandler, error) {
			f, err := h.OpenStream(ctx, method)
			return session.StreamHandler(f), err
		}
	}
	if h.CallFor != nil {
		cfg.Handlers.CallFor = func(method string) session.CallHandler { return h.CallFor(method) }
	}
	return cfg
}

// failRoute notes, once, that the address of a session failed, unless cause shows that this
// side ended it.
func (p *Pool) failRoute(c *connection, cause error) {
	if !poolcore.LetGo(cause) && c.routeFailed.CompareAndSwap(false, true) {
		p.resolver.Failed(c.Addr, c.route)
	}
}

// reports brings the reports of sessions to the owner, as session.Notify requires. A full
// mailbox does not take one that does not wait.
type reports struct{ pool *Pool }

func (r reports) TryTell(m poolcore.Message) bool {
	return r.pool.actor.TryTell(&mail{Message: m}) == nil
}

func (r reports) Tell(ctx context.Context, m poolcore.Message) {
	_ = r.pool.actor.Tell(ctx, &mail{Message: m})
}

// methodTimes is how long methods take; it is a session.Usual.
type methodTimes struct{ pool *Pool }

func (t methodTimes) Late(addr, method string) time.Duration {
	return max(t.pool.usual.late(addr, method), t.pool.patient.late(addr, method))
}

func (t methodTimes) Answered(addr, method string, at, took time.Duration) {
	t.pool.usual.note(addr, method, took)
	t.pool.times.Note(addr, at+t.pool.offset, took)
}

func (t methodTimes) Waited(addr, method string, waited time.Duration) {
	t.pool.patient.note(addr, method, waited)
}

// sessionErrors makes the errors of sessions; it is a session.Errors.
type sessionErrors struct {
	whole bool // a *RemoteError keeps its whole text
}

func (sessionErrors) Protocol(layer, reason string, cause error) error {
	return &ProtocolError{Layer: layer, Reason: printable.Line(reason, mostKept), Err: cause}
}

func (sessionErrors) Garbled(err error) error { return garbled(err) }

func (sessionErrors) Room(limit, received int) error {
	return &RoomError{Limit: limit, Received: received}
}

func (sessionErrors) Hold(limit time.Duration, received int64) error {
	return &HoldError{Limit: limit, Received: received}
}

func (sessionErrors) Encode(args any, err error) error {
	return &EncodeError{Args: fmt.Sprintf("%T", args), Err: err}
}

func (sessionErrors) Decode(reply any, err error) error {
	if size, ok := err.(*SizeError); ok { //nolint:errorlint // the Codec returns it bare
		return size
	}
	return &DecodeError{Reply: fmt.Sprintf("%T", reply), Err: err}
}

func (s sessionErrors) Remote(text string) (err error, closes bool) {
	remote := remoteError(text)
	if s.whole {
		remote.Raw = text
	}
	return remote, remote.Kind == ErrUnknownMethod || remote.Kind == ErrBadRequest //nolint:errorlint // the very values
}

// Text sends an error that came from a server on as that sent it, with its code.
func (sessionErrors) Text(err error) (text string, closes bool) {
	if e, ok := err.(*RemoteError); ok && e.Raw != "" { //nolint:errorlint // a wrapped one has more to say
		return e.Raw, false
	}
	if p := contain.Call(func() { text = err.Error() }); p != nil {
		text = fmt.Sprintf("an error of type %T, whose Error panics: %s", err, p.Text)
	}
	return cmp.Or(text, fmt.Sprintf("an error of type %T without a text", err)), false
}

// Coded is the code and the text of a *StreamError; the code of a *RemoteError, of an
// error that has a method Code() int or of a text that begins as coded errors do; those of
// HTTP for the sentinels that have one; else 500.
func (sessionErrors) Coded(err error) (code int, text string) {
	if e, ok := errors.AsType[*StreamError](err); ok {
		return e.Code, e.Message
	}
	peeledText, _, inner := peeled(err.Error())
	if inner != 0 {
		return inner, peeledText
	}
	text = err.Error()
	if e, ok := errors.AsType[*RemoteError](err); ok && e.Code != 0 {
		return e.Code, text
	}
	var coded interface{ Code() int }
	switch {
	case errors.As(err, &coded) && coded.Code() != 0:
		return coded.Code(), text
	case errors.Is(err, ErrPermissionDenied):
		return 403, text
	case errors.Is(err, ErrUnknownAllocation), errors.Is(err, ErrUnknownNode):
		return 404, text
	}
	return 500, text
}
