package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// pool is what is above a session: it takes every report.
type pool struct{}

func (pool) TryTell(poolcore.Message) bool          { return true }
func (pool) Tell(context.Context, poolcore.Message) {}

// times knows of no method that takes long.
type times struct{}

func (times) Late(string, string) time.Duration                     { return time.Second }
func (times) Answered(string, string, time.Duration, time.Duration) {}
func (times) Waited(string, string, time.Duration)                  {}

// codec is that of Nomad's servers.
type codec struct{}

func (codec) Append(enc *wire.Encoder, buf []byte, v any) ([]byte, error) { return enc.Value(buf, v) }

func (codec) Large(enc *wire.Encoder, v any) bool { return !enc.Small(v) }

func (codec) Write(enc *wire.Writer, w io.Writer, v any) error { return enc.Value(w, v) }

func (codec) Read(dec *wire.Decoder, b []byte, _ bool, v any) (bool, error) {
	return false, dec.Body(b, v)
}

// plain makes errors of the type failure.
type plain struct{}

type failure struct {
	what     string
	reason   string
	limit    time.Duration
	received int64
}

func (f *failure) Error() string { return f.what + ": " + f.reason }

func (plain) Protocol(layer, reason string, _ error) error {
	return &failure{what: layer, reason: reason}
}
func (plain) Garbled(err error) error { return &failure{what: "garbled", reason: err.Error()} }
func (plain) Hold(limit time.Duration, received int64) error {
	return &failure{what: "hold", limit: limit, received: received}
}

func (plain) Room(limit, received int) error {
	return &failure{what: "room", reason: fmt.Sprint(limit), received: int64(received)}
}
func (plain) Encode(_ any, err error) error    { return err }
func (plain) Decode(_ any, err error) error    { return err }
func (plain) Remote(text string) (error, bool) { return errors.New(text), false }
func (plain) Text(err error) (string, bool)    { return err.Error(), false }
func (plain) Coded(err error) (int, string)    { return 500, err.Error() }

// newConfig has the limits of a pool whose Config is zero, and no handlers.
func newConfig() *Config {
	return &Config{
		Replies: new(ReplyRoom),
		Origin:  time.Now(), SilenceLimit: time.Second, PingTimeout: 2 * time.Second, HoldTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxIdleStreams: 256, MaxReplyBytes: 64 << 20, MaxPendingReplyBytes: 256 << 20, MaxReverseStreams: 1024,
		MaxRequestBytes: 4 << 20, MaxReverseBytes: 64 << 20,
		Codec: codec{}, Errors: plain{}, Notify: pool{}, Usual: times{}, Counters: new(Counters),
		Handlers: Handlers{
			Call:    func(string) CallHandler { return nil },
			Stream:  func(string) StreamHandler { return nil },
			Unknown: func(method string) string { return "unknown method " + method },
		},
	}
}

// connOn is a shared connection over c.
func connOn(c net.Conn, cfg *Config) *mux.Conn {
	return mux.New(c, mux.Config{
		Origin: cfg.Origin, In: &cfg.Counters.BytesIn, Out: &cfg.Counters.BytesOut,
		Violation: func(reason string, _ error) error { return &failure{what: "yamux", reason: reason} },
	})
}

// dialed is a session to the server at addr, whose limits are far away.
func dialed(t *testing.T, addr string) *Session {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	noError(t, err)
	cfg := newConfig()
	cfg.SilenceLimit, cfg.PingTimeout, cfg.HoldTimeout = time.Hour, time.Hour, time.Hour
	s := New(context.Background(), cfg, connOn(nbconn.Wrap(conn, func(limit int) error { return fmt.Errorf("%d bytes wait", limit) }), cfg), 1, addr)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := s.Greet(ctx, mux.NewYamuxConfig(time.Hour)); err != nil {
		s.Abort(err)
		t.Fatal(err)
	}
	s.Listen()
	ended := make(chan struct{})
	go func() { _ = s.Run(context.Background(), nil); close(ended) }()
	t.Cleanup(func() { s.End(errors.New("the test is over")); <-ended })
	return s
}

// started is a server and a session to it, with one idle stream.
func started(t *testing.T) (*testutil.Server, *Session) {
	t.Helper()
	srv, err := testutil.StartServer(testutil.ServerConfig{KeepAlive: -1})
	noError(t, err)
	t.Cleanup(func() { _ = srv.Stop(context.Background()) })
	s := dialed(t, srv.Addr())
	if at, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
		t.Fatal(at, err)
	}
	return srv, s
}

// paused has frames wait until resume is called.
func paused(t *testing.T, s *Session) (resume func()) {
	t.Helper()
	awaitTrue(t, "the token", func() (ok bool) { resume, ok = s.conn.Pause(); return ok })
	return resume
}

var seq atomic.Uint64

// call makes a call on s and returns how far it came.
func call(ctx context.Context, s *Session, method string, args, reply any) (Phase, error) {
	if !s.Enter() {
		return PhaseFind, s.Cause()
	}
	return s.Call(ctx, &Request{Seq: seq.Add(1), Method: method, Args: args, Reply: reply})
}

// open opens a streaming call on s and returns how far it came.
func open(ctx context.Context, s *Session, method string) (*Conn, Phase, error) {
	if !s.Enter() {
		return nil, PhaseFind, s.Cause()
	}
	return s.Open(ctx, method)
}

// awaitTrue waits until done reports true.
func awaitTrue(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not in time", what)
		}
	}
}

// noError fails the test with err, if there is one.
func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
