package plainclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/rpc"

	"github.com/hashicorp/go-msgpack/v2/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"
)

// The bytes that connections and streams begin with.
const (
	ModeRPC       = 0x01 // a stream of calls
	ModeTLS       = 0x04 // a TLS handshake, then another byte inside it
	ModeStreaming = 0x05 // one streaming call
	ModeYamux     = 0x06 // yamux whose streams begin with a byte of their own
)

// ErrSeq reports an answer to another request than the last one of its stream.
var ErrSeq = errors.New("plainclient: the answer has another Seq than the request")

// Config configures a [Session]. The zero value works.
type Config struct {
	// TLS is the configuration of the handshake. Nil: none.
	TLS *tls.Config
	// Idle is how many streams are kept for further calls. Zero: 2, as Nomad's
	// clients do.
	Idle int
	// NoKeepAlive turns yamux's keepalive off. False: yamux's defaults.
	NoKeepAlive bool
	// Handle encodes and decodes. Nil: msgpack with its defaults.
	Handle *codec.MsgpackHandle
}

// nomadIdle is clientMaxStreams of Nomad 2.0.6, client/client.go.
const nomadIdle = 2

var defaultHandle = &codec.MsgpackHandle{}

// Session is a yamux session as its client. Any number of goroutines may use it.
type Session struct {
	*yamux.Session
	cfg  Config
	idle chan *Stream
}

// Connect dials addr over TCP and makes the TLS handshake unless t is nil. It blocks
// until then or until ctx ends. The error is that of dialing or of the handshake.
func Connect(ctx context.Context, addr string, t *tls.Config) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return Secure(ctx, conn, t)
}

// Secure writes the TLS byte on a new connection and makes the handshake; if t is nil it
// does nothing. It blocks until then or until ctx ends. It owns conn, and so it is closed on
// error, which is that of the handshake.
func Secure(ctx context.Context, conn net.Conn, t *tls.Config) (net.Conn, error) {
	if t == nil {
		return conn, nil
	}
	secured := tls.Client(conn, t)
	_, err := conn.Write([]byte{ModeTLS})
	if err == nil {
		err = secured.HandshakeContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secured, nil
}

// Dial makes a session with the server at addr, as [Connect] and [Start] do. The
// caller owns the session and must close it.
func Dial(ctx context.Context, addr string, cfg Config) (*Session, error) {
	conn, err := Connect(ctx, addr, cfg.TLS)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{ModeYamux}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return Start(conn, cfg)
}

// Start makes a session on a connection that has carried its mode byte already;
// Config.TLS is not used. The session owns conn, and so it is closed on error. The
// error is yamux's.
func Start(conn net.Conn, cfg Config) (*Session, error) {
	if cfg.Idle == 0 {
		cfg.Idle = nomadIdle
	}
	mux := yamux.DefaultConfig()
	mux.LogOutput, mux.EnableKeepAlive = io.Discard, !cfg.NoKeepAlive
	session, err := yamux.Client(conn, mux)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Session{Session: session, cfg: cfg, idle: make(chan *Stream, cfg.Idle)}, nil
}

// Call is [Session.Take] and [Session.CallOn].
func (s *Session) Call(method string, args, reply any) error {
	stream, err := s.Take()
	if err != nil {
		return err
	}
	return s.CallOn(stream, method, args, reply)
}

// Take returns an idle stream of calls, or else opens one. The error is yamux's: the
// session is dead, and nothing was sent.
func (s *Session) Take() (*Stream, error) {
	select {
	case stream := <-s.idle:
		return stream, nil
	default:
		return s.OpenMode(ModeRPC)
	}
}

// CallOn makes one call on a stream that [Session.Take] returned, decodes the answer
// into reply unless that is nil, and blocks until then without a limit. The stream is
// idle or closed afterwards. The error is rpc.ServerError for a text that the server
// answered, else that of the stream.
func (s *Session) CallOn(stream *Stream, method string, args, reply any) error {
	err := stream.Call(method, args, reply)
	if _, answered := errors.AsType[rpc.ServerError](err); err != nil && !answered {
		_ = stream.Close() // it failed already
		return err
	}
	s.Give(stream)
	return err
}

// Give takes back a stream of calls whose last one was answered. It is idle or closed
// afterwards.
func (s *Session) Give(stream *Stream) {
	if mux, ok := stream.Conn.(*yamux.Stream); ok {
		mux.Shrink() // an idle stream holds no large buffer, as in Nomad's pool
	}
	select {
	case s.idle <- stream:
	default:
		_ = stream.Close() // nothing is on it
	}
}

// OpenMode opens a stream that begins with a mode byte. The caller must close it.
// The error is yamux's.
func (s *Session) OpenMode(mode byte) (*Stream, error) {
	opened, err := s.OpenStream()
	if err != nil {
		return nil, err
	}
	if _, err := opened.Write([]byte{mode}); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return NewStream(opened, s.cfg), nil
}

// Stream carries calls, or what a test writes and reads itself. One goroutine may
// send on it while one receives.
type Stream struct {
	net.Conn
	// Reader has the bytes that were received and not read yet.
	Reader *bufio.Reader
	// Seq is the number of the last request.
	Seq   uint64
	codec *msgpackrpc.MsgpackCodec
}

// buffered reads through a buffer that tests may look into.
type buffered struct {
	*bufio.Reader
	net.Conn
}

func (b buffered) Read(p []byte) (int, error) { return b.Reader.Read(p) }

// NewStream makes a stream of a connection, or a yamux stream, that has carried its
// mode byte already. Of cfg it uses Handle. The stream owns conn.
func NewStream(conn net.Conn, cfg Config) *Stream {
	if cfg.Handle == nil {
		cfg.Handle = defaultHandle
	}
	s := &Stream{Conn: conn, Reader: bufio.NewReader(conn)}
	s.codec = msgpackrpc.NewCodecFromHandle(false, true, buffered{s.Reader, conn}, cfg.Handle)
	return s
}

// Read reads from Reader.
func (s *Stream) Read(p []byte) (int, error) { return s.Reader.Read(p) }

// Send writes a request with the next Seq.
func (s *Stream) Send(method string, args any) error {
	s.Seq++
	return s.codec.WriteRequest(&rpc.Request{Seq: s.Seq, ServiceMethod: method}, args)
}

// Receive reads the answer to the last request into reply, unless that is nil. The
// error is rpc.ServerError for a text that the server answered, [ErrSeq], or that of
// the stream.
func (s *Stream) Receive(reply any) error {
	var h rpc.Response
	if err := s.codec.ReadResponseHeader(&h); err != nil {
		return err
	}
	if h.Seq != s.Seq {
		return ErrSeq
	}
	if h.Error == "" {
		return s.codec.ReadResponseBody(reply)
	}
	if err := s.codec.ReadResponseBody(nil); err != nil {
		return err
	}
	return rpc.ServerError(h.Error)
}

// Call is Send and Receive.
func (s *Stream) Call(method string, args, reply any) error {
	if err := s.Send(method, args); err != nil {
		return err
	}
	return s.Receive(reply)
}
