package pool_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestArgumentsThatCannotBeEncodedAreNotSent(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	before := s.Counts().Requests
	for _, args := range []any{make(chan<- int), complex(1, 2)} {
		err := p.Call(within(t), s.Addr(), "Echo.Echo", args, nil)
		failed(t, err, pool.PhaseFind, pool.NotSent, nil)
		as[*pool.EncodeError](t, err)
	}
	ping(t, p, s.Addr())
	if st := p.Stats(); st.Streams != 1 || st.IdleStreams != 1 || s.Counts().Requests != before+1 {
		t.Fatalf("%+v, %d requests", st, s.Counts().Requests-before)
	}
}

func TestAReplyThatIsNoPointerIsRefusedBeforeAnythingIsSent(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	var none *int
	for _, reply := range []any{5, "text", dict{}, none} {
		failed(t, p.Call(within(t), s.Addr(), "Echo.Echo", 1, reply), pool.PhaseFind, pool.NotSent, nil)
	}
	if n := s.Counts().Accepted; n != 0 {
		t.Fatalf("%d connections", n)
	}
}

func TestAReplyOfAnotherShapeIsADecodeError(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for range 5 {
		got := struct{ A int }{9}
		err := p.Call(within(t), s.Addr(), "Echo.Echo", "text", &got)
		failed(t, err, pool.PhaseDecode, pool.MaybeExecuted, nil)
		as[*pool.DecodeError](t, err)
		if got.A != 0 {
			t.Fatalf("%+v", got)
		}
		ping(t, p, s.Addr())
	}
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials: the server is healthy", n)
	}
}

func TestAnAnyThatIsUsedAgainIsReadAfresh(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	var got any
	for _, key := range []string{"A", "B", "C"} {
		noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", dict{key: "v"}, &got))
		if m, ok := got.(dict); !ok || len(m) != 1 || m[key] != "v" {
			t.Fatalf("%v", got)
		}
	}
}

func TestARepliesBytesAreTheCallersOwn(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	first := bytes.Repeat([]byte("a"), 300)
	var got []byte
	noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", first, &got))
	noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", bytes.Repeat([]byte("b"), 300), nil))
	if !bytes.Equal(got, first) {
		t.Fatalf("%q: overwritten by the next call on the stream", got)
	}
}

func TestLargeRequestsAndRepliesPass(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for _, n := range []int{0, 1, 255, 256, 4 << 10, 16<<10 - 40, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 10 << 20} {
		want := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
		var got []byte
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", want, &got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %d came back, %v", n, len(got), err)
		}
	}
	if st := p.Stats(); st.Streams != 1 || st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestAReplyOverTheLimitIsRefused(t *testing.T) {
	const limit = 10_000
	s, p := startServer(t), newPool(t, pool.Config{MaxReplyBytes: limit})
	var got []byte
	if err := p.Call(within(t), s.Addr(), "Echo.Echo", make([]byte, limit-100), &got); err != nil || len(got) != limit-100 {
		t.Fatalf("below the limit: %v", err)
	}
	err := p.Call(within(t), s.Addr(), "Echo.Echo", make([]byte, limit), &got)
	failed(t, err, pool.PhaseRead, pool.MaybeExecuted, nil)
	if e := as[*pool.SizeError](t, err); e.Limit != limit || e.Announced < limit {
		t.Fatalf("%+v", e)
	}
	ping(t, p, s.Addr())
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials", n)
	}
}

// A list of empty maps is small on the wire only: each becomes a whole row.
func TestAReplyOfMoreElementsThanItsBytesAreWorthIsRefused(t *testing.T) {
	const most = 64 << 10 // for a reply of up to a mebibyte
	const header = 2 * 3
	s, p := startServer(t), newPool(t, pool.Config{MaxReplyBytes: 1 << 20})
	var n atomic.Int64
	s.Handle("Test.Rows", func(context.Context, *testutil.Request) (any, error) {
		head := binary.BigEndian.AppendUint32([]byte{0xdd}, uint32(n.Load()))
		return testutil.Raw(append(head, bytes.Repeat([]byte{0x80}, int(n.Load()))...)), nil
	})
	var rows []struct{ A, B, C string }
	n.Store(most - header)
	if err := p.Call(within(t), s.Addr(), "Test.Rows", dict{}, &rows); err != nil || len(rows) != most-header {
		t.Fatalf("as many as may be: %d rows, %v", len(rows), err)
	}
	n.Add(1)
	err := p.Call(within(t), s.Addr(), "Test.Rows", dict{}, &rows)
	failed(t, err, pool.PhaseRead, pool.MaybeExecuted, nil)
	if e := as[*pool.SizeError](t, err); !e.Elements || e.Limit != most || e.Announced != most+1 {
		t.Fatalf("%+v", e)
	}
	ping(t, p, s.Addr())
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials", n)
	}
}
