package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/edns"
)

// The results of an exchange, the least conclusive last: of several, the last one is the
// reason why the look-up failed.
const (
	noSuchName = iota
	noData
	refused
	serverFailure
	malformed
	truncated
	unreachable
	timedOut
)

var reasons = [...]error{
	noSuchName: ErrNoSuchName, noData: ErrNoData, refused: ErrRefused, serverFailure: ErrServerFailure,
	malformed: ErrMalformed, truncated: ErrTruncated, unreachable: ErrUnreachable, timedOut: ErrTimeout,
}

// exchanges watches the exchanges of package net with the resolvers during one look-up.
type exchanges struct {
	server  string // asked in place of the system's; empty: those are
	timeout time.Duration
	plain   *edns.Resolvers
	cut     atomic.Bool // an answer did not fit into a packet
	unasked atomic.Bool // a question was not sent, because the time was over
	worst   atomic.Pointer[finding]
}

// finding is the result of one exchange.
type finding struct {
	reason int
	server string
	err    error // more about the reason; may be nil
}

// note keeps f if it is less conclusive than the one before.
func (e *exchanges) note(f finding) {
	for {
		old := e.worst.Load()
		if old != nil && old.reason >= f.reason || e.worst.CompareAndSwap(old, &f) {
			return
		}
	}
}

// resolver is Go's own resolver, over connections that end with ctx.
func (e *exchanges) resolver(ctx context.Context) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(inner context.Context, network, server string) (net.Conn, error) {
		if e.server != "" {
			server = e.server
		}
		o := &observed{exchanges: e, ctx: ctx, server: server}
		if over(ctx) && !e.cut.Load() {
			e.unasked.Store(true)
			return nil, ctx.Err() // net would go on trying, which proves nothing about the resolver
		}
		limited, stop := context.WithTimeout(inner, e.timeout)
		defer stop()
		defer context.AfterFunc(ctx, stop)()
		c, err := new(net.Dialer).DialContext(limited, network, server)
		if err != nil {
			o.stream = network == "tcp"
			o.failed(err)
			return nil, err
		}
		o.stopWatch = context.AfterFunc(ctx, func() { _ = c.Close() }) // net would go on reading
		o.Conn = e.plain.Wrap(c, server)
		if packets, ok := o.Conn.(net.PacketConn); ok {
			return &datagrams{observed: o, PacketConn: packets}, nil
		}
		o.stream = true
		return o, nil
	}}
}

// The head of a DNS message: https://www.rfc-editor.org/rfc/rfc1035#section-4.1.1.
const (
	headBytes   = 12
	responseBit = 0x80 // of the third byte
	cutBit      = 0x02 // of the third byte: the answer goes on
	codeBits    = 0x0f // of the fourth byte

	questionsAt = 5 // how many questions there are, low byte

	codeSuccess       = 0
	codeServerFailure = 2
	codeNameError     = 3
	codeRefused       = 5
)

// observed is a connection that carries one question. It is used by one
// goroutine at a time.
type observed struct {
	net.Conn
	exchanges *exchanges
	ctx       context.Context // of the lookup
	stopWatch func() bool     // of ctx
	server    string
	stream    bool // messages have their length before them

	id    [2]byte // of the question
	about []byte  // the question itself, in a packet
	head  []byte  // of a stream: the bytes of length and head that have come in
	reply []byte  // head of the answer; nil: none yet
	junk  bool    // something that is no answer came in
	err   error   // why reading ended
}

// datagrams is an observed connection that is a net.PacketConn, so that net sends packets.
type datagrams struct {
	*observed
	net.PacketConn
}

func (d *datagrams) Close() error                       { return d.observed.Close() }
func (d *datagrams) LocalAddr() net.Addr                { return d.Conn.LocalAddr() }
func (d *datagrams) SetDeadline(t time.Time) error      { return d.observed.SetDeadline(t) }
func (d *datagrams) SetReadDeadline(t time.Time) error  { return d.Conn.SetReadDeadline(t) }
func (d *datagrams) SetWriteDeadline(t time.Time) error { return d.Conn.SetWriteDeadline(t) }

// SetDeadline sets t, or an earlier deadline if the resolver has less time.
func (o *observed) SetDeadline(t time.Time) error {
	if most := time.Now().Add(o.exchanges.timeout); t.After(most) {
		t = most
	}
	return o.Conn.SetDeadline(t)
}

// Write notes the question's ID.
func (o *observed) Write(b []byte) (int, error) {
	message := b
	if o.stream {
		message = b[min(len(b), 2):]
	}
	copy(o.id[:], message)
	if !o.stream {
		o.about = bytes.Clone(edns.Question(message))
	}
	n, err := o.Conn.Write(b)
	if err != nil {
		o.err = err
	}
	return n, err
}

// Read reads the head of each message.
func (o *observed) Read(b []byte) (int, error) {
	n, err := o.Conn.Read(b)
	switch {
	case !o.stream && n > 0:
		o.see(b[:n])
	case o.stream && o.reply == nil && n > 0:
		o.head = append(o.head, b[:min(n, 2+headBytes-len(o.head))]...)
		if len(o.head) == 2+headBytes {
			o.see(o.head[2:])
		}
	}
	if err != nil {
		o.err = err
	}
	return n, err
}

// see checks a message by its head, and of a packet by its question, as net does. An answer
// of a server that did not understand the question may leave it out.
func (o *observed) see(message []byte) {
	if len(message) < headBytes || message[2]&responseBit == 0 || [2]byte(message) != o.id ||
		message[questionsAt] != 0 && o.about != nil && !bytes.EqualFold(o.about, edns.Question(message)) {
		o.junk = true
		return
	}
	o.reply = append([]byte(nil), message[:headBytes]...)
}

// Close notes the result of the exchange.
func (o *observed) Close() error {
	o.stopWatch()
	err := o.Conn.Close()
	if o.reply == nil {
		o.failed(o.err)
		return err
	}
	e := o.exchanges
	if o.reply[2]&cutBit != 0 && !o.stream {
		e.cut.Store(true) // net asks again, over TCP
		return err
	}
	f := finding{reason: serverFailure, server: o.server}
	switch code := o.reply[3] & codeBits; code {
	case codeSuccess:
		f.reason = noData // or a success, for which the reason does not matter
	case codeNameError:
		f.reason = noSuchName
	case codeRefused:
		f.reason = refused
	case codeServerFailure:
	default:
		f.err = fmt.Errorf("it answers with code %d", code)
	}
	e.note(f)
	return err
}

// failed notes an exchange without an answer.
func (o *observed) failed(err error) {
	f := finding{reason: unreachable, server: o.server, err: err}
	switch {
	case o.stream && o.exchanges.cut.Load():
		f.reason = truncated
	case o.junk:
		f.reason, f.err = malformed, nil
	case o.ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		f.reason, f.err = timedOut, nil
	case len(o.head) > 0: // the connection ended within the message
		f.reason = malformed
	}
	o.exchanges.note(f)
}
