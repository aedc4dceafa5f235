package pool_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/rpc"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// notOneValue are bytes that would desynchronise a stream.
var notOneValue = map[string]pool.Raw{
	"nil": nil, "empty": {}, "no value": {0xc1}, "cut": {0x81, 0xa1, 'a'}, "a byte behind": {0x80, 0x01},
	"two": {0x80, 0x80}, "too long": {0xdb, 0xff, 0xff, 0xff, 0xff}, "too deep": append(bytes.Repeat([]byte{0x91}, 129), 1),
}

func TestARawPassesAsItIs(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for _, raw := range []pool.Raw{
		{0xc0},
		{0x80},
		{0x07},
		pool.Raw("\xd9\x05str 8"), pool.Raw("\xd4\x05\x01"), pool.Raw("\x82\xa1a\x01\xa1a\x02"),
		append(bytes.Repeat([]byte{0x91}, 128), 1), packed(t, make([]byte, 1<<20)), packed(t, make([]int, 100_000)),
	} {
		first, second := pool.Raw("of before"), pool.Raw(nil)
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", raw, &first); err != nil || !bytes.Equal(first, raw) {
			t.Fatalf("%.20x became %.20x, %v", raw, first, err)
		}
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", &raw, &second); err != nil || !bytes.Equal(second, raw) {
			t.Fatalf("%.20x became %.20x, %v", raw, second, err)
		}
		if clear(second); !bytes.Equal(first, raw) {
			t.Fatal("two replies share their bytes")
		}
	}
}

func TestARawThatIsNotOneValueIsNotSent(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	before := s.Counts().Requests
	for name, raw := range notOneValue {
		for _, args := range []any{raw, &raw, (*pool.Raw)(nil)} {
			err := p.Call(within(t), s.Addr(), "Echo.Echo", args, nil)
			failed(t, err, pool.PhaseFind, pool.NotSent, nil)
			if e := as[*pool.EncodeError](t, err); e.Args != "pool.Raw" && e.Args != "*pool.Raw" {
				t.Errorf("%s: %v", name, e)
			}
		}
	}
	ping(t, p, s.Addr())
	if n := s.Counts().Requests - before; n != 1 {
		t.Fatalf("%d requests", n)
	}
	if st := p.Stats(); st.CallsInFlight != 0 || st.Streams != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestAReplyGoesIntoARawOnlyAsItsPointer(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for _, reply := range []any{pool.Raw{1}, (*pool.Raw)(nil)} {
		failed(t, p.Call(within(t), s.Addr(), "Echo.Echo", 1, reply), pool.PhaseFind, pool.NotSent, nil)
	}
	// Inside another value it is bytes.
	args := struct{ In pool.Raw }{pool.Raw("bytes")}
	got := args
	got.In = nil
	if err := p.Call(within(t), s.Addr(), "Echo.Echo", args, &got); err != nil || string(got.In) != "bytes" {
		t.Fatalf("%q, %v", got.In, err)
	}
}

// Relay is a service that passes its arguments on.
type Relay struct{}

// Pass answers with its arguments.
func (Relay) Pass(args pool.Raw, reply *pool.Raw) error {
	*reply = args
	return nil
}

// Nothing leaves its reply empty.
func (Relay) Nothing(*pool.Raw, *pool.Raw) error { return nil }

func TestHandlersTakeAndGiveRaws(t *testing.T) {
	services := rpc.NewServer()
	noError(t, services.Register(Relay{}))
	answers := make(chan pool.Raw, 1)
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{
		RPC: services,
		Calls: map[string]pool.CallHandler{
			"Test.Pass": func(_ context.Context, decode func(any) error) (any, error) {
				var raw pool.Raw
				err := decode(&raw)
				return raw, err
			},
			"Test.NoPointer": func(_ context.Context, decode func(any) error) (any, error) { return nil, decode((*pool.Raw)(nil)) },
			"Test.Answer":    func(context.Context, func(any) error) (any, error) { return <-answers, nil },
		},
	}})
	want := dict{"A": int64(1), "B": []any{"x"}}
	for _, method := range []string{"Test.Pass", "Relay.Pass"} {
		var got any
		if err := s.CallNode(within(t), "n1", method, want, &got); err != nil || !cmp.Equal(got, any(want)) {
			t.Errorf("%s: %v, %v", method, got, err)
		}
	}
	for _, method := range []string{"Test.NoPointer", "Relay.Nothing"} {
		if err := s.CallNode(within(t), "n1", method, want, nil); err == nil {
			t.Errorf("%s is answered", method)
		}
	}
	for name, raw := range notOneValue {
		answers <- raw
		err := s.CallNode(within(t), "n1", "Test.Answer", 1, nil)
		if remote := as[*testutil.RemoteError](t, err); !bytes.Contains([]byte(remote.Text), []byte("type pool.Raw cannot be encoded")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	await(t, "the release", func() bool { return inUse(p) == 0 })
	if st := p.Stats(); st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestRequestsAreWrittenAsTheyAreRead(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	handleCopies(s)
	c := openStream(t, p, s.Addr(), "Test.Copy")
	type request struct {
		AllocID string `codec:"ID" json:"-"`
		Follow  bool
	}
	for _, want := range []request{{"a", true}, {"b", false}} {
		noError(t, pool.WriteRequest(c, want))
		var got request
		if err := pool.ReadRequest(c, &got); err != nil || got != want {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	noError(t, pool.WriteRequest(c, pool.Raw{0x81, 0xa1, 'a', 1}))
	var raw pool.Raw
	if err := pool.ReadRequest(c, &raw); err != nil || string(raw) != "\x81\xa1a\x01" {
		t.Fatalf("%x, %v", raw, err)
	}
}

// writes counts what it is given.
type writesOf struct{ all []string }

func (w *writesOf) Write(b []byte) (int, error) {
	w.all = append(w.all, string(b))
	return len(b), nil
}

func TestARequestIsOneWriteOfOneValue(t *testing.T) {
	var w writesOf
	if err := pool.WriteRequest(&w, dict{"A": "b"}); err != nil || len(w.all) != 1 || w.all[0] != "\x81\xa1A\xa1b" {
		t.Fatalf("%q, %v", w.all, err)
	}
	for _, args := range []any{complex(1, 2), pool.Raw(nil), pool.Raw{0x80, 0x80}} {
		as[*pool.EncodeError](t, pool.WriteRequest(&w, args))
	}
	if len(w.all) != 1 {
		t.Fatalf("%q", w.all)
	}
	ours, theirs := net.Pipe()
	_ = theirs.Close()
	if err := pool.WriteRequest(ours, 1); err != io.ErrClosedPipe {
		t.Fatal(err)
	}
	_ = ours.Close()
	var text *string
	if err := pool.ReadRequest(bytes.NewReader([]byte("\xa1x")), text); err == nil {
		t.Fatal("a nil pointer was read into")
	}
}
