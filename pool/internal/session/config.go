package session

import (
	"context"
	"io"
	"net"
	"net/rpc"
	"time"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Config is what all sessions of a pool share. The limits are those of the pool's Config
// of the same names; none of them is zero.
type Config struct {
	Origin time.Time // of all times that are kept as durations

	SilenceLimit, PingTimeout, HoldTimeout, IdleTimeout time.Duration

	MaxIdleStreams, MaxReplyBytes, MaxPendingReplyBytes int
	MaxReverseStreams, MaxRequestBytes, MaxReverseBytes int

	Codec    Codec
	Handlers Handlers
	Errors   Errors
	Notify   Notify
	Usual    Usual
	Counters *Counters
	Replies  *ReplyRoom
	Streams  *mux.Budget // of the streams of all peers; nil: each session has its own bound only
	Logger   *logqueue.Logger
	Peer     string // what the log and answers call the other side: "server" or "agent"
	RoomName string // what the user of this package calls MaxReverseBytes
}

// now is the time since the origin.
func (c *Config) now() time.Duration { return time.Since(c.Origin) }

// Notify brings the reports of sessions to the owner of their pool. TryTell does not
// block, and reports whether m was taken; Tell blocks until it is, or ctx ends.
//
// What a waiting call sees is reported again while it lasts: poolcore.Overdue, poolcore.Late,
// poolcore.Unopened. A poolcore.Proven that was not taken is repeated with the next answer. A
// poolcore.Unanswered may be lost. Tell brings poolcore.Leaving, poolcore.Drained and
// poolcore.Disconnected.
type Notify interface {
	TryTell(m poolcore.Message) bool
	Tell(ctx context.Context, m poolcore.Message)
}

// Usual remembers how long the methods of servers take. It neither blocks nor allocates.
type Usual interface {
	// Late is after which time a call of method to the server at addr is late.
	Late(addr, method string) time.Duration
	// Answered learns that a call was answered at a time since Config.Origin, after so long.
	Answered(addr, method string, at, took time.Duration)
	// Waited learns that a call waited for so long while its server answered others.
	Waited(addr, method string, waited time.Duration)
}

// Codec writes and reads the arguments and replies of calls. Many goroutines call it.
type Codec interface {
	// Append appends v to buf as one value; after an error buf is as it was.
	Append(enc *wire.Encoder, buf []byte, v any) ([]byte, error)
	// Large reports whether v may be large, and is to be written by Write.
	Large(enc *wire.Encoder, v any) bool
	// Write writes v to w, some at a time. An error may follow a part of v, and is that of w
	// where there is one: nothing more is written then.
	Write(enc *wire.Writer, w io.Writer, v any) error
	// Read reads b, one value, into v, a non-nil pointer, or nothing if v is nil. After an
	// error v is zero. lasting reports that b may be given away, and given that it was: v may share
	// it then, and shares nothing otherwise.
	Read(dec *wire.Decoder, b []byte, lasting bool, v any) (given bool, err error)
}

// Errors makes the errors that callers of the pool see, and the texts that servers get.
type Errors interface {
	// Protocol is that the peer sent bytes which layer ("yamux" or "rpc") does not allow;
	// cause may be nil.
	Protocol(layer, reason string, cause error) error
	// Garbled is an error of package wire, or another one as it is.
	Garbled(err error) error
	// Room is that the replies of all calls hold more than limit bytes, after received of one.
	Room(limit, received int) error
	// Hold is that no answer came for limit, or that it stopped after received bytes.
	Hold(limit time.Duration, received int64) error
	// Encode is that args cannot be written, Decode that an answer does not fit into reply.
	Encode(args any, err error) error
	Decode(reply any, err error) error
	// Remote is an answer that is an error, and whether the server closes the stream behind it.
	Remote(text string) (err error, closes bool)
	// Text is the answer to a peer's call whose handler failed with err, and whether the
	// stream ends behind it; it is never empty.
	Text(err error) (text string, closes bool)
	// Coded is the code and the text of the frame that ends a stream whose handler failed.
	Coded(err error) (code int, text string)
}

// Handlers answer what the server asks. Each function is called by many goroutines.
type Handlers struct {
	Call    func(method string) CallHandler // registered under this name; nil: none
	RPC     *rpc.Server                     // asked next; may be nil
	CallFor func(method string) CallHandler // asked last; may be nil
	Unknown func(method string) string      // the answer where there is no such method
	Stream  func(method string) StreamHandler
	// Open is asked where Stream, which may be nil, has none, and may block. The text of its
	// error is the acknowledgement. nil: there are no others.
	Open func(ctx context.Context, method string) (StreamHandler, error)
}

// CallHandler answers one call. decode reads the arguments.
type CallHandler = func(ctx context.Context, decode func(args any) error) (any, error)

// StreamHandler serves one streaming call that has been acknowledged.
type StreamHandler = func(ctx context.Context, conn net.Conn) error

// Request is one call on a session.
type Request struct {
	Seq      uint64        // unique in the pool, so that no answer passes for another's
	Deadline time.Duration // of the attempt, since Config.Origin; 0: none
	Late     Late          // asked at the Deadline; nil: the attempt ends then

	Method      string
	Args, Reply any           // Reply is a non-nil pointer, or nil
	Block       time.Duration // how long a blocking query may block
	Hold        time.Duration // and for how long nothing of the answer may come; 0: Config.HoldTimeout

	Moved      <-chan struct{} // closed when the call is to be made elsewhere; nil: never
	Repeatable bool            // it does no harm if it is made twice
	Verify     bool            // the server must answer a ping first, after a silence
	Quiet      bool            // that it is late is not reported: it is the owner's own
	Probe      bool            // it asks whether the server answers (poolcore.Overdue)
}

// Late decides about a call whose attempt is over. It must not block.
type Late interface {
	// Late has the call go on until the channel is closed; nil ends it at once.
	Late() <-chan struct{}
}

// LongestBlock is how long a server blocks a query at most, and how long one without a time
// (Nomad 2.0.6, nomad/structs/structs.go, MaxBlockingRPCQueryTime).
const LongestBlock = 300 * time.Second

// Longest is the largest duration of a Config: far beyond use, and sums of a few of them are
// still durations.
const Longest = 365 * 24 * time.Hour
