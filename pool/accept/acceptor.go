package accept

import (
	"context"
	"crypto/tls"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// Config configures an Acceptor. The zero value works.
type Config struct {
	// TLS is for connections that begin with the byte 0x04. nil: they are refused. It is not
	// changed, and must not be while the Acceptor is in use.
	TLS *tls.Config

	// HandshakeTimeout bounds the time from the first byte that is waited for until it is known
	// what a connection carries, a TLS handshake included. Zero means 10 s.
	HandshakeTimeout time.Duration

	// MaxStreams bounds the streams that one connection may have open; those beyond are reset.
	// Zero means 1,024.
	MaxStreams int

	// MaxAllStreams bounds those of all connections together, of which one gets no more than three
	// times what it leaves to the others. Zero means 16,384.
	MaxAllStreams int

	// MaxRequestBytes bounds a request, header and body together, and MaxReplyBytes the answer of
	// an agent. Zero means 64 MiB, more than 1 GiB is 1 GiB.
	MaxRequestBytes, MaxReplyBytes int

	// MaxBytes bounds what all connections together hold: what came in on streams and was not
	// read, requests until they are answered, and answers until the agent has taken them. The
	// first 4 KiB of each do not count. A connection gets no more than three times what it leaves
	// free. Zero means 256 MiB.
	MaxBytes int

	// Logger gets one line at most each minute and connection when something that an agent
	// opened was refused. The zero value logs nothing.
	Logger zerolog.Logger
}

// The defaults.
const (
	defaultHandshake  = 10 * time.Second
	defaultStreams    = 1024
	defaultAllStreams = 16 << 10
	defaultMessage    = 64 << 20
	mostMessage       = 1 << 30
	defaultBytes      = 256 << 20
)

// Acceptor makes sessions of accepted connections. Any goroutine may use it.
type Acceptor struct {
	cfg      Config
	sessions session.Config // copied for each session, with its handlers
	counters session.Counters
	budget   *mux.Budget
	yamux    *mux.YamuxConfig
	queue    *logqueue.Queue
	ids      atomic.Uint64
}

// New makes an Acceptor. It starts nothing.
func New(cfg Config) *Acceptor {
	orDefault(&cfg.HandshakeTimeout, defaultHandshake)
	orDefault(&cfg.MaxStreams, defaultStreams)
	orDefault(&cfg.MaxAllStreams, defaultAllStreams)
	orDefault(&cfg.MaxRequestBytes, defaultMessage)
	orDefault(&cfg.MaxReplyBytes, defaultMessage)
	orDefault(&cfg.MaxBytes, defaultBytes)
	cfg.MaxRequestBytes, cfg.MaxReplyBytes = min(cfg.MaxRequestBytes, mostMessage), min(cfg.MaxReplyBytes, mostMessage)
	a := &Acceptor{cfg: cfg, queue: logqueue.New(), budget: mux.NewBudget(int64(cfg.MaxBytes)), yamux: mux.NewYamuxConfig(0)}
	a.sessions = session.Config{
		Origin: time.Now(), SilenceLimit: silence, PingTimeout: silence, HoldTimeout: time.Minute,
		// Servers keep the streams of an agent for as long as its session lives.
		IdleTimeout:   session.Longest,
		MaxReplyBytes: cfg.MaxReplyBytes, MaxPendingReplyBytes: int(min(4*int64(cfg.MaxReplyBytes), math.MaxInt)),
		MaxReverseStreams: cfg.MaxStreams, MaxRequestBytes: cfg.MaxRequestBytes, MaxReverseBytes: cfg.MaxBytes,
		Codec: rawCodec{}, Errors: texts{}, Usual: unknownTimes{}, Counters: &a.counters,
		Replies: new(session.ReplyRoom), Streams: mux.NewBudget(int64(cfg.MaxAllStreams)), Logger: a.queue.Logger(cfg.Logger), Peer: "agent", RoomName: "MaxBytes",
	}
	return a
}

func orDefault[N int | time.Duration](value *N, zero N) {
	if *value <= 0 {
		*value = zero
	}
}

// Relay is what a session passes requests on to. Many goroutines call it.
type Relay interface {
	// Call carries one call, and returns the answer. args is valid until it returns, and must
	// not be changed. The text of an error is the answer, to the byte; see Refusal. ctx ends
	// with the session.
	Call(ctx context.Context, method string, args pool.Raw) (pool.Raw, error)

	// Open opens a streaming call and returns what serves it. The text of an error is the
	// acknowledgement. ctx ends with the session.
	Open(ctx context.Context, method string) (Stream, error)
}

// Stream serves one streaming call that was acknowledged. The caller's bytes come on conn, which
// is closed when it returns; it has the methods CloseWrite, which ends one direction, and
// Reset, which ends both and what is under way on them.
type Stream func(ctx context.Context, conn net.Conn)

// Stats counts what the sessions of an Acceptor did.
type Stats struct {
	Calls        uint64 // requests that came in
	Streams      uint64 // streaming calls that came in
	Refused      uint64 // streams that were too many
	RefusedBytes uint64 // requests and answers that were refused for want of MaxBytes
	Overrun      uint64 // streams that were cut, because they were not read and MaxBytes had no room
	Bytes        int64  // of MaxBytes in use now
	BytesIn      uint64
	BytesOut     uint64
	Panics       uint64 // of the Relay, and of the Logger
}

// Stats reads the counters, one by one.
func (a *Acceptor) Stats() Stats {
	c := &a.counters
	return Stats{
		Calls: c.ReverseCalls.Load(), Streams: c.ReverseStreams.Load(), Refused: c.Refused.Load(),
		RefusedBytes: c.RefusedBytes.Load(), Overrun: c.Overrun.Load(), Bytes: a.budget.Used(),
		BytesIn: c.BytesIn.Load(), BytesOut: c.BytesOut.Load(), Panics: a.queue.Panics(),
	}
}

// Flush waits until what was logged is written, or ctx ends.
func (a *Acceptor) Flush(ctx context.Context) { a.queue.Flush(ctx) }
