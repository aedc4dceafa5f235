package pool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/bits"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// parts is a request whose argument is a list of n empty maps: n bytes, and 80 times as much once
// it is decoded into an any, 40 where an int has 32 bits.
func parts(t *testing.T, n int) []byte {
	t.Helper()
	all := make([]struct{}, n)
	b, err := wire.NewEncoder().Value(nil, all)
	noError(t, err)
	return b
}

// What arguments become counts too, until they are answered: a handler that reads them into an any
// holds many times their bytes.
func TestWhatHandlersMakeOfArgumentsIsBounded(t *testing.T) {
	const most, size = 4 << 20, 10_000 * 64 / bits.UintSize // 800 KB in an any
	let, held := make(chan struct{}), make(chan any, 100)
	holds := func(ctx context.Context, decode func(any) error) (any, error) {
		var v any
		if err := decode(&v); err != nil {
			return nil, err
		}
		held <- v
		select {
		case <-let:
		case <-ctx.Done():
		}
		return 1, nil
	}
	p := newPool(t, pool.Config{MaxReverseBytes: most, Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{"Test.Hold": holds}}})
	_, server := connectRaw(t, p)
	ask := func(n int) *yamux.Stream {
		return server.opens(t, append(wire.AppendRequest([]byte{wire.ModeRPC}, 7, "Test.Hold"), parts(t, n)...))
	}
	var all []*yamux.Stream
	for range 20 {
		all = append(all, ask(size))
	}
	await(t, "all of them", func() bool { st := p.Stats(); return int(st.RefusedBytes)+len(held) == 20 })
	if st := p.Stats(); len(held) < 2 || len(held) > 4 || st.ReverseBytes > most || st.ReverseBytes < int64(len(held))*700_000 {
		t.Fatalf("%d are held, %+v", len(held), st)
	}
	small := ask(10)
	await(t, "a small one", func() bool { st := p.Stats(); return int(st.RefusedBytes)+len(held) == 21 })
	close(let)
	refused := 0
	for _, st := range append(all, small) {
		switch text := answered(t, st); {
		case strings.Contains(text, "MaxReverseBytes") && strings.Contains(text, "decoded"):
			refused++
		case text != "":
			t.Error(text)
		}
	}
	if refused != int(p.Stats().RefusedBytes) || refused < 16 || refused > 18 {
		t.Errorf("%d were refused, %+v", refused, p.Stats())
	}
	vast := ask(25 * size)
	if text := answered(t, vast); !strings.Contains(text, "MaxRequestBytes") {
		t.Errorf("%q", text)
	}
	for _, st := range append(all, small, vast) {
		_ = st.Close()
	}
	await(t, "the release", func() bool { return p.Stats().ReverseBytes == 0 })
}

// A reply that has something else than maps where the caller's type has them is refused as a whole
// if it is large, with the error of all that cannot be decoded.
func TestALargeReplyOfAnotherKindIsNotDecoded(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	numbers := make([]int, 500_000*64/bits.UintSize)
	var maps []map[string]int
	err := p.Call(within(t), s.Addr(), "Echo.Echo", numbers, &maps)
	bad, is := errors.AsType[*pool.DecodeError](err)
	if !is || maps != nil || !strings.Contains(err.Error(), "a number cannot be read into a value of type map[string]int") {
		t.Fatal(err)
	}
	if _, is := errors.AsType[*wire.KindError](bad); !is {
		t.Errorf("%v", bad.Err)
	}
	for _, v := range []any{new([]int), new(any)} {
		noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", numbers, v))
	}
}

// It is the same with what a streaming handler reads, until it reads the next request.
func TestWhatStreamingHandlersMakeOfRequestsIsBounded(t *testing.T) {
	const most, size = 4 << 20, 10_000 * 64 / bits.UintSize
	read := make(chan error, 100)
	reads := func(_ context.Context, c net.Conn) error {
		for {
			var v any
			err := pool.ReadRequest(c, &v)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if read <- err; err != nil {
				return err
			}
		}
	}
	p := newPool(t, pool.Config{MaxReverseBytes: most, Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{"Test.Reads": reads}}})
	_, server := connectRaw(t, p)
	request := parts(t, size)
	open := append(wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Reads"), request...)
	var all []*yamux.Stream
	good, bad := 0, 0
	count := func(err error) {
		switch {
		case err == nil:
			good++
		case strings.Contains(err.Error(), "MaxReverseBytes"):
			bad++
		default:
			t.Error(err)
		}
	}
	for range 10 {
		all = append(all, server.opens(t, open))
		count(receive(t, "a request", read))
	}
	if st := p.Stats(); good < 2 || good > 4 || good+bad != 10 || int(st.RefusedBytes) != bad {
		t.Fatalf("%d read, %d refused, %+v", good, bad, st)
	}
	before := bad
	for range 20 { // more of them on one stream take the place of those before
		if _, err := all[0].Write(parts(t, size/3)); err != nil {
			t.Fatal(err)
		}
		count(receive(t, "another request", read))
	}
	if bad > before {
		t.Errorf("%d read, %d refused", good, bad)
	}
	for _, st := range all {
		_ = st.Close()
	}
	await(t, "the release", func() bool { return p.Stats().ReverseBytes == 0 })
	_ = server.Close()
	await(t, "the end", func() bool { st := p.Stats(); return st.Sessions == 0 && st.ReverseBytes == 0 })
}

// A stream that the agent has opened holds a window's worth of what came in and was not read, and
// no more: a server that sends more has its session ended. So they need no room of the pool.
func TestAnOpenStreamHoldsNoMoreThanItsWindow(t *testing.T) {
	const streams = 20
	f, p := startFramePeer(t), newPool(t, pool.Config{MaxReverseBytes: 64 << 10})
	conns := make(chan net.Conn, streams)
	for n := range uint32(streams) {
		id := 2*n + 1
		go func() {
			c, err := p.Stream(within(t), f.addr, "X.Y")
			if err != nil {
				t.Error(err)
			}
			conns <- c
		}()
		f.next(kindWindow, synFlag, id)
		for sent := []byte(nil); !bytes.HasSuffix(sent, []byte("X.Y")); {
			sent = append(sent, f.next(kindData, 0, id).body...)
		}
		f.says(frameOf(kindData, ackFlag, id, 0, wire.AppendAck(nil, "")))
		c := receive(t, "the stream", conns)
		defer func() { _ = c.Close() }()
	}
	ack := len(wire.AppendAck(nil, ""))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for n := range uint32(streams) {
		for left := mux.WindowSize - ack; left > 0; {
			size := min(left, 16<<10)
			f.says(frameOf(kindData, 0, 2*n+1, 0, make([]byte, size)))
			left -= size
		}
	}
	f.settle()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if st := p.Stats(); st.ReverseBytes != 0 || st.Overrun != 0 || st.Sessions != 1 {
		t.Fatalf("%+v", st)
	}
	if holds := int64(after.HeapAlloc) - int64(before.HeapAlloc); holds > streams*mux.WindowSize+2<<20 {
		t.Errorf("%d bytes are held", holds)
	}
	f.says(frameOf(kindData, 0, 1, 0, []byte{0}))
	await(t, "the end of the session", func() bool { return p.Stats().Sessions == 0 })
}
