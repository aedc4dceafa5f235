package testutil

import (
	"context"
	"errors"
	"io"
	"net/rpc"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// patience is how long a test waits for what must happen, on however slow a
// machine.
const patience = time.Minute

// client is a small agent: one session, one stream unless more are asked for.
type client struct {
	*plainclient.Session
	tb testing.TB
}

// rpcStream is a stream whose calls have limits.
type rpcStream struct {
	*plainclient.Stream
	*client // whose stream it is
}

// plain is how clients here decode: as servers do, and without pings of their own.
var plain = plainclient.Config{NoKeepAlive: true, Handle: msgpackHandle}

func dial(tb testing.TB, addr string) *client {
	tb.Helper()
	session, err := plainclient.Dial(contextFor(tb), addr, plain)
	return newClient(tb, session, err)
}

// newClient takes what [plainclient.Dial] or [plainclient.Start] returned.
func newClient(tb testing.TB, session *plainclient.Session, err error) *client {
	tb.Helper()
	if err != nil {
		tb.Fatalf("cannot start a session: %v", err)
	}
	tb.Cleanup(func() { _ = session.Close() })
	return &client{Session: session, tb: tb}
}

func (c *client) open(mode byte) *rpcStream {
	c.tb.Helper()
	s, err := c.OpenMode(mode)
	if err != nil {
		c.tb.Fatalf("cannot open a stream: %v", err)
	}
	return &rpcStream{s, c}
}

// remoteError is the text in a response header.
type remoteError = rpc.ServerError

// Receive reads values with the server's own reader: it names what is malformed, and
// it can be called again after a timeout.
func (s *rpcStream) Receive(reply any) error {
	raw, err := readValue(s.Reader)
	if err != nil {
		return err
	}
	var h responseHeader
	if err := decode(raw, &h); err != nil {
		return err
	}
	if h.Seq != s.Seq {
		return errors.New("wrong Seq")
	}
	if raw, err = readValue(s.Reader); err != nil {
		return err
	}
	if h.Error != "" {
		return remoteError(h.Error)
	}
	if reply == nil {
		return nil
	}
	return decode(raw, reply)
}

// call is patient: it fails with a timeout only where an answer must not come.
func (s *rpcStream) call(method string, args, reply any) error {
	return s.callWithin(patience, method, args, reply)
}

// callWithin waits for the answer for d, from when the request is on its way: a
// request that shall come to nothing is sent all the same.
func (s *rpcStream) callWithin(d time.Duration, method string, args, reply any) error {
	_ = s.SetDeadline(time.Now().Add(patience))
	if err := s.Send(method, args); err != nil {
		return err
	}
	_ = s.SetReadDeadline(time.Now().Add(d))
	return s.Receive(reply)
}

// ended is nil if only the end of the stream follows.
func (s *rpcStream) ended() error {
	_ = s.SetReadDeadline(time.Now().Add(patience))
	_, err := s.Reader.ReadByte()
	if err == io.EOF {
		return nil
	}
	return errors.Join(errors.New("the stream goes on"), err)
}

type dict = map[string]any

func start(tb testing.TB, cfg ServerConfig) *Server {
	tb.Helper()
	s, err := StartServer(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, s) })
	return s
}

func startCluster(tb testing.TB, cfg ClusterConfig) *Cluster {
	tb.Helper()
	c, err := StartCluster(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, c) })
	return c
}

func stop(tb testing.TB, s interface{ Stop(context.Context) error }) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		tb.Errorf("does not stop: %v", err)
	}
}

func registration(id string) dict {
	return dict{"Region": "global", "Node": dict{
		"ID": NodeID(id), "SecretID": "secret-" + id, "Datacenter": "dc1", "Name": "node-" + id,
		"Attributes": dict{"nomad.version": "2.0.6"},
	}}
}

func heartbeat(id string) dict {
	return dict{"Region": "global", "NodeID": NodeID(id), "Status": "ready", "AuthToken": "secret-" + id}
}

// contextFor ends with patience, or with the test.
func contextFor(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	return ctx
}
