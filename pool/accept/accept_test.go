package accept_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const patience = 30 * time.Second

// echoRelay answers each call with its arguments.
type echoRelay struct{}

func (echoRelay) Call(_ context.Context, method string, args pool.Raw) (pool.Raw, error) {
	switch method {
	case "Test.Fail":
		return nil, &accept.Refusal{Text: "a text\nof two lines"}
	case "Test.End":
		return nil, fmt.Errorf("passed on: %w", &accept.Refusal{Text: "the last one", Ends: true})
	case "Test.Mute":
		return nil, errors.New("")
	}
	return append(pool.Raw(nil), args...), nil
}

func (echoRelay) Open(_ context.Context, method string) (accept.Stream, error) {
	if method != "Test.Echo" {
		return nil, &accept.Refusal{Text: "there is no " + method}
	}
	return func(_ context.Context, conn net.Conn) { _, _ = io.Copy(conn, conn) }, nil // it ends with the stream
}

// serve accepts one connection, and gives its session before it runs.
func serve(t testing.TB, a *accept.Acceptor, relay accept.Relay) (addr string, sessions <-chan *accept.Session, ended <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	found, end := make(chan *accept.Session, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer func() { _ = l.Close() }()
		end <- func() error {
			conn, err := l.Accept()
			if err != nil {
				return err
			}
			g, err := a.Greet(ctx, conn)
			if err != nil {
				return err
			}
			s, err := a.Serve(g, relay)
			if err != nil {
				return err
			}
			found <- s
			return s.Run(ctx)
		}()
	}()
	t.Cleanup(func() {
		stop()
		_ = l.Close()
	})
	return l.Addr().String(), found, end
}

func dial(t testing.TB, addr string) *plainclient.Session {
	t.Helper()
	a, err := plainclient.Dial(t.Context(), addr, plainclient.Config{NoKeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func TestCallsAreAnsweredByTheRelay(t *testing.T) {
	a := accept.New(accept.Config{})
	addr, _, ended := serve(t, a, echoRelay{})
	agent := dial(t, addr)
	var got string
	if err := agent.Call("Test.Echo", "hello", &got); err != nil || got != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	for method, want := range map[string]string{
		"Test.Fail": "a text\nof two lines",
		"Test.Mute": "an error of type *errors.errorString without a text",
	} {
		if err := agent.Call(method, 1, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v", method, err)
		}
	}
	st, err := agent.OpenMode(plainclient.ModeRPC)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Call("Test.End", 1, nil); err == nil || err.Error() != "the last one" {
		t.Errorf("%v", err)
	}
	if _, err := st.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("behind it: %v", err)
	}
	_ = agent.Close()
	if err := <-ended; err == nil {
		t.Error("the session has no reason to end")
	}
	if got := a.Stats(); got.Calls != 4 || got.Bytes != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCallsOnTheAgentAreMadeOnItsSession(t *testing.T) {
	addr, sessions, _ := serve(t, accept.New(accept.Config{}), echoRelay{})
	agent := dial(t, addr)
	s := <-sessions
	go func() {
		for {
			st, err := agent.AcceptStream()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = st.Close() }()
				var mode [1]byte
				_, _ = io.ReadFull(st, mode[:])                             // the write tells
				_, _ = st.Write([]byte("\x82\xa5Error\xa4gone\xa3Seq\x01")) // the call ends either way
				if mode[0] == plainclient.ModeRPC {
					_, _ = st.Write([]byte{0x80}) // the same
				}
			}()
		}
	}()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if _, err := s.Call(ctx, "Any.Method", pool.Raw{0x80}); err == nil {
		t.Error("the answer has another number")
	}
	_, err := s.Open(ctx, "Any.Stream")
	if refusal, ok := errors.AsType[*accept.Refusal](err); !ok || refusal.Text != "gone" {
		t.Errorf("%v", err)
	}
	s.End(errors.New("enough"))
	<-s.Done()
	if _, err := s.Call(ctx, "Any.Method", pool.Raw{0x80}); err == nil || err.Error() != "enough" {
		t.Errorf("%v", err)
	}
}

func TestConnectionsThatBeginOtherwiseAreRefused(t *testing.T) {
	for _, row := range []struct {
		first string
		want  func(error) bool
	}{
		{"\x04", func(err error) bool { return errors.Is(err, accept.ErrNoTLS) }},
		{"G", func(err error) bool { return errors.As(err, new(*accept.UnknownByteError)) }},
		{"", func(err error) bool { return errors.Is(err, io.EOF) }},
	} {
		addr, _, ended := serve(t, accept.New(accept.Config{}), echoRelay{})
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(row.first)) // the answer tells
		if row.first == "" {
			_ = conn.Close()
		}
		if err := <-ended; !row.want(err) {
			t.Errorf("%q: %v", row.first, err)
		}
		_ = conn.Close()
	}
	addr, _, ended := serve(t, accept.New(accept.Config{HandshakeTimeout: time.Millisecond}), echoRelay{})
	conn, err := net.Dial("tcp", addr) // and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := <-ended; err == nil {
		t.Error("a silent connection is served")
	}
}

func TestStreamsOfAllConnectionsAreBoundedTogether(t *testing.T) {
	a := accept.New(accept.Config{MaxAllStreams: 8})
	addr, _, _ := serve(t, a, echoRelay{})
	agent := dial(t, addr)
	served := 0
	for range 20 {
		st, err := agent.OpenMode(plainclient.ModeRPC)
		if err == nil && st.Call("Test.Echo", 1, nil) == nil {
			served++
		}
	}
	if served != 6 {
		t.Errorf("%d streams of one connection are served, want three quarters of 8", served)
	}
}

func TestPartsOfValues(t *testing.T) {
	raw := pool.Raw("\x82\xa1a\x07\xa1b\x92\x01\xa2xy")
	var keys string
	for key, value := range accept.Pairs(raw) {
		keys += string(key)
		if string(key) == "b" {
			var items []string
			for item := range accept.Items(value) {
				items = append(items, string(item))
			}
			if len(items) != 2 || items[0] != "\x01" || string(accept.Text(pool.Raw(items[1]))) != "xy" {
				t.Errorf("%q", items)
			}
		} else if accept.Integer(value) != 7 {
			t.Errorf("%x", value)
		}
	}
	if keys != "ab" {
		t.Errorf("%q", keys)
	}
	if got, ok := accept.With(raw, "a", accept.AppendText(nil, "z")); !ok || string(got) != "\x82\xa1a\xa1z\xa1b\x92\x01\xa2xy" {
		t.Errorf("%q, %v", got, ok)
	}
	for _, bad := range []pool.Raw{nil, {0x81}, {0x90}, append(pool.Raw(nil), append(raw, 0)...)} {
		if got, ok := accept.With(bad, "a", pool.Raw{1}); ok {
			t.Errorf("%x became %x", bad, got)
		}
	}
	if got := accept.AppendList(nil, pool.Raw{1}, pool.Raw{2}); string(got) != "\xdc\x00\x02\x01\x02" {
		t.Errorf("%x", got)
	}
	long, items := accept.AppendList(nil, make([]pool.Raw, 1<<16)...), 0
	long = append(long, make([]byte, 1<<16)...) // zeros, one for each item
	for range accept.Items(long) {
		items++
	}
	if items != 1<<16 {
		t.Errorf("%d items of 65,536", items)
	}
	for range accept.Items(raw) {
		t.Error("a map has items")
	}
}
