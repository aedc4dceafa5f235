package testutil

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// patience is how long a test waits for what must happen, on however slow a
// machine.
const patience = time.Minute

// client is a small agent: one session, one stream unless more are asked for.
type client struct {
	tb      testing.TB
	sock    net.Conn
	session *yamux.Session
	seq     uint64
}

type rpcStream struct {
	*client
	net.Conn
	r *bufio.Reader
}

func dial(tb testing.TB, addr string) *client {
	tb.Helper()
	sock, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		tb.Fatalf("cannot dial %s: %v", addr, err)
	}
	if _, err := sock.Write([]byte{modeYamux}); err != nil {
		tb.Fatalf("cannot write the mode byte: %v", err)
	}
	return newClient(tb, sock)
}

func newClient(tb testing.TB, sock net.Conn) *client {
	tb.Helper()
	cfg := yamux.DefaultConfig()
	cfg.LogOutput, cfg.EnableKeepAlive = io.Discard, false
	session, err := yamux.Client(sock, cfg)
	if err != nil {
		tb.Fatalf("cannot start a session: %v", err)
	}
	tb.Cleanup(func() { _ = session.Close() })
	return &client{tb: tb, sock: sock, session: session}
}

func (c *client) open(mode byte) *rpcStream {
	c.tb.Helper()
	s, err := c.session.OpenStream()
	if err != nil {
		c.tb.Fatalf("cannot open a stream: %v", err)
	}
	if _, err := s.Write([]byte{mode}); err != nil {
		c.tb.Fatalf("cannot write the stream's mode byte: %v", err)
	}
	return &rpcStream{client: c, Conn: s, r: bufio.NewReader(s)}
}

// remoteError is the text in a response header.
type remoteError string

func (e remoteError) Error() string { return string(e) }

func (s *rpcStream) send(method string, args any) error {
	s.seq++
	out, err := encode(nil, requestHeader{Seq: s.seq, ServiceMethod: method})
	if err != nil {
		return err
	}
	if out, err = encode(out, args); err != nil {
		return err
	}
	_, err = s.Write(out)
	return err
}

func (s *rpcStream) receive(reply any) error {
	raw, err := readValue(s.r)
	if err != nil {
		return err
	}
	var h responseHeader
	if err := decode(raw, &h); err != nil {
		return err
	}
	if h.Seq != s.seq {
		return errors.New("wrong Seq")
	}
	if raw, err = readValue(s.r); err != nil {
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

// callWithin waits for the answer for so long, from when the request is on its
// way: what is to come to nothing is sent all the same.
func (s *rpcStream) callWithin(d time.Duration, method string, args, reply any) error {
	_ = s.SetDeadline(time.Now().Add(patience))
	if err := s.send(method, args); err != nil {
		return err
	}
	_ = s.SetReadDeadline(time.Now().Add(d))
	return s.receive(reply)
}

// ended tells whether nothing but the end of the stream follows.
func (s *rpcStream) ended() error {
	_ = s.SetReadDeadline(time.Now().Add(patience))
	_, err := s.r.ReadByte()
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
