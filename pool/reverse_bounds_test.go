package pool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// deaf is a streaming handler that reads nothing until it is let, and reports why reading ended.
type deaf struct {
	let   chan struct{}
	ended chan error
}

func newDeaf() *deaf { return &deaf{make(chan struct{}), make(chan error, 10_000)} }

func (d *deaf) serve(ctx context.Context, c net.Conn) error {
	select {
	case <-d.let:
	case <-ctx.Done():
	}
	_, err := io.Copy(io.Discard, c)
	d.ended <- err
	return nil
}

// flood opens streams and sends on each as much as a server may that is not told to go on. It
// returns when all of that has come in.
func flood(tb testing.TB, s rawServer, streams int, first []byte) {
	tb.Helper()
	each(streams, streams, func(int) {
		st, err := s.OpenStream()
		if err != nil {
			tb.Error(err)
			return
		}
		_ = st.SetDeadline(time.Now().Add(patience))
		_, _ = st.Write(append(bytes.Clone(first), make([]byte, mux.WindowSize-len(first))...)) // may be cut
	})
	if _, err := s.Ping(); err != nil {
		tb.Error(err)
	}
}

// What handlers do not read is bounded for all servers together, and a server that sends all it
// can leaves room for others, whose requests are answered meanwhile.
func TestWhatHandlersDoNotReadIsBoundedForAllServers(t *testing.T) {
	const most, streams = 4 << 20, 60 // of 256 KiB each: 15 MiB from each of two servers
	d := newDeaf()
	h := doubling()
	h.Streams["Test.Deaf"] = d.serve
	p := newPool(t, pool.Config{MaxReverseBytes: most, Handlers: h})
	open := wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Deaf")
	servers := make([]rawServer, 3)
	for i := range servers {
		_, servers[i] = connectRaw(t, p)
	}
	for _, s := range servers[:2] {
		before := p.Stats().Overrun
		flood(t, s, streams, open)
		if n := p.Stats().Overrun - before; n == 0 || n > streams {
			t.Fatalf("%d of %d streams were cut", n, streams)
		}
	}
	// The third server is served, with requests that count.
	const large = 100_000
	held := p.Stats().ReverseBytes
	for range 20 {
		st := servers[2].opens(t, request(t, "Test.Double", large, large))
		if text := answered(t, st); !strings.Contains(text, "decode") {
			t.Fatalf("with %d bytes held: %q", held, text)
		}
		_ = st.Close()
		await(t, "the release", func() bool { return p.Stats().ReverseBytes <= held })
	}
	if st := p.Stats(); st.ReverseBytes > most || st.ReverseBytes < most/2 || st.RefusedBytes != 0 || st.Dials != 3 {
		t.Fatalf("%+v", st)
	}
	close(d.let)
	cut := 0
	for range 2 * streams {
		if err := receive(t, "the end of a stream", d.ended); errors.Is(err, pool.ErrOverrun) {
			cut++
		} else if err != nil {
			t.Error(err)
		}
		if cut == int(p.Stats().Overrun) {
			break // the others go on: their server has not closed them
		}
	}
	if cut == 0 {
		t.Error("no handler learned that its stream was cut")
	}
	await(t, "the release", func() bool { return p.Stats().ReverseBytes == 0 })
	for _, s := range servers {
		_ = s.Close()
	}
	await(t, "the end", func() bool { return p.Stats().Sessions == 0 })
	if st := p.Stats(); st.ReverseBytes != 0 {
		t.Fatalf("%+v", st)
	}
}

// A stream that was cut is reset also where its handler never reads.
func TestAStreamThatNobodyReadsIsResetWhenThereIsNoRoomForIt(t *testing.T) {
	t.Parallel() // it takes as long as who reads has to answer
	var log logged
	p := newPool(t, pool.Config{MaxReverseBytes: 64 << 10, Logger: zerolog.New(&log), Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{
		"Test.Deaf": func(ctx context.Context, _ net.Conn) error { <-ctx.Done(); return nil },
	}}})
	_, server := connectRaw(t, p)
	st := server.opens(t, wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Deaf"))
	reads(t, st, wire.AppendAck(nil, ""))
	if _, err := st.Write(make([]byte, mux.WindowSize/2)); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Read(make([]byte, 1)); !errors.Is(err, yamux.ErrConnectionReset) {
		t.Fatal(err)
	}
	if got := p.Stats(); got.Overrun != 1 || got.ReverseBytes != 0 || got.Dials != 1 {
		t.Fatalf("%+v", got)
	}
	await(t, "the line", func() bool { return strings.Contains(log.String(), "it sent what was not read") })
}

// Bytes that come in before anybody has accepted their stream count as well.
func TestStreamsThatAreTooManyHoldNothing(t *testing.T) {
	d := newDeaf()
	p := newPool(t, pool.Config{MaxReverseStreams: 2, Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{"Test.Deaf": d.serve}}})
	_, server := connectRaw(t, p)
	open := wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Deaf")
	for range 2 {
		reads(t, server.opens(t, open), wire.AppendAck(nil, ""))
	}
	for range 500 {
		st, err := server.OpenStream()
		noError(t, err)
		_ = st.SetDeadline(time.Now().Add(patience))
		_, _ = st.Write(make([]byte, 10_000)) // may have been reset already
		_, _ = io.ReadAll(st)
		_ = st.Close()
	}
	if st := p.Stats(); st.ReverseBytes != 0 || st.Refused != 500 || st.Overrun != 0 {
		t.Fatalf("%+v", st)
	}
	close(d.let)
}

// header begins a streaming call whose method would have n bytes, of which part are there.
func header(n, part int) []byte {
	b := []byte{wire.ModeStreaming, 0x81, 0xa6}
	b = append(b, "Method\xdb"...)
	b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return append(b, bytes.Repeat([]byte("x"), part)...)
}

// Headers of either kind that do not end take no more than their bytes, and room for others.
func TestHeadersThatDoNotEndAreBounded(t *testing.T) {
	const most = 1 << 20
	for name, begin := range map[string][]byte{
		"of a stream": header(60<<10, 59<<10),
		"of a call":   append([]byte{wire.ModeRPC, 0x81, 0xad}, append([]byte("ServiceMethod\xda\xff\xff"), make([]byte, 59<<10)...)...),
	} {
		t.Run(name, func(t *testing.T) {
			h := doubling()
			p := newPool(t, pool.Config{MaxReverseBytes: most, Handlers: h})
			_, server := connectRaw(t, p)
			for range 100 {
				_ = server.opens(t, begin)
			}
			await(t, "a refusal", func() bool { st := p.Stats(); return st.RefusedBytes > 0 })
			if st := p.Stats(); st.ReverseBytes > most || st.ReverseCalls != 0 || st.ReverseStreams != 0 {
				t.Fatalf("%+v", st)
			}
			st := server.opens(t, request(t, "Test.Double", 100, 100))
			if text := answered(t, st); !strings.Contains(text, "decode") {
				t.Fatalf("a small request: %q", text)
			}
			_ = server.Close()
			await(t, "the end", func() bool { st := p.Stats(); return st.Sessions == 0 && st.ReverseBytes == 0 })
		})
	}
}

// A name that is beyond all reason is neither looked up nor sent back.
func TestALongNameOfAMethodIsRefusedInAFewWords(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	asked := make(chan string, 10)
	p := newPool(t, pool.Config{Handlers: pool.Handlers{
		CallFor:   func(method string) pool.CallHandler { asked <- method; return nil },
		StreamFor: func(method string) pool.StreamHandler { asked <- method; return nil },
	}})
	_, server := connectRaw(t, p)
	for _, method := range []string{long, "Test." + long, long + ".Test", "Test.\x00\n\x1b[2J" + long} {
		for _, first := range [][]byte{
			append(wire.AppendRequest([]byte{wire.ModeRPC}, 7, method), 0x80),
			wire.AppendStream([]byte{wire.ModeStreaming}, method),
		} {
			st := server.opens(t, first)
			answer, err := io.ReadAll(st)
			if err != nil || len(answer) > 500 || len(answer) < 50 || bytes.ContainsAny(answer, "\x1b\n") {
				t.Errorf("%d bytes, %v: %.80q", len(answer), err, answer)
			}
			if first[0] == wire.ModeRPC && !bytes.Contains(answer, []byte("rpc: ")) || first[0] == wire.ModeStreaming && !bytes.Contains(answer, []byte("Unknown rpc method")) {
				t.Errorf("%.80q", answer)
			}
			_ = st.Close()
		}
	}
	if len(asked) != 0 {
		t.Errorf("a handler was looked up for %d bytes", len(<-asked))
	}
	noError(t, server.Close())
}

// Requests of any depth are refused or decoded without a stack of their depth.
func TestADeeplyNestedRequestEndsItsStreamAlone(t *testing.T) {
	p := newPool(t, pool.Config{Handlers: doubling()})
	_, server := connectRaw(t, p)
	for name, nested := range map[string][]byte{
		"lists": {0x91}, "maps": {0x81}, "maps with keys": {0x81, 0xa1, 'k'}, "list32": {0xdd, 0, 0, 0, 1}, "extensions in lists": {0x92, 0xd4, 1, 1},
	} {
		for _, first := range [][]byte{
			wire.AppendRequest([]byte{wire.ModeRPC}, 7, "Test.Double"), // as arguments
			{wire.ModeRPC, 0x81, 0xad},                                 // as the name in the header
			{wire.ModeStreaming, 0x81, 0xa6},
		} {
			switch {
			case len(first) > 3:
			case first[0] == wire.ModeRPC:
				first = append(first, "ServiceMethod"...)
			default:
				first = append(first, "Method"...)
			}
			st := server.opens(t, first)
			go func() { _, _ = st.Write(bytes.Repeat(nested, 1_000_000/len(nested))) }()
			if answer, err := io.ReadAll(st); len(answer) > 1000 || err != nil && !errors.Is(err, yamux.ErrConnectionReset) {
				t.Errorf("%s: %d bytes, %v", name, len(answer), err)
			}
			_ = st.Close()
		}
	}
	if st := p.Stats(); st.Dials != 1 || st.Sessions != 1 {
		t.Fatalf("%+v", st)
	}
}

// Answers that a server does not take are bounded as well; one that is alone may be large.
func TestAnswersThatAServerDoesNotTakeAreBounded(t *testing.T) {
	const most, size = 1 << 20, 300 << 10
	text := strings.Repeat("y", size)
	p := newPool(t, pool.Config{MaxReverseBytes: most, Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"Test.Big":  says(text),
		"Test.Vast": says(strings.Repeat("z", 3*most)),
	}}})
	_, server := connectRaw(t, p)
	ask := func(method string) *yamux.Stream {
		return server.opens(t, append(wire.AppendRequest([]byte{wire.ModeRPC}, 7, method), 0x80))
	}
	vast := ask("Test.Vast")
	if text := answerOf(t, vast, 4*most); text != "" {
		t.Fatal(text)
	}
	_ = vast.Close()
	var all []*yamux.Stream
	for range 20 {
		all = append(all, ask("Test.Big"))
	}
	await(t, "the answers", func() bool { st := p.Stats(); return st.ReverseCalls == 21 && st.RefusedBytes >= 18 })
	if st := p.Stats(); st.ReverseBytes > most || st.ReverseBytes < size {
		t.Fatalf("%+v", st)
	}
	refused, whole := 0, 0
	for _, st := range all {
		switch text := answerOf(t, st, size+1000); {
		case text == "":
			whole++
		case strings.Contains(text, "MaxReverseBytes") && strings.Contains(text, "was not sent"):
			refused++
		default:
			t.Error(text)
		}
		_ = st.Close()
	}
	if whole == 0 || refused != int(p.Stats().RefusedBytes) {
		t.Fatalf("%d answers, %d refused, %+v", whole, refused, p.Stats())
	}
	await(t, "the release", func() bool { return p.Stats().ReverseBytes == 0 })
	again := ask("Test.Big")
	if text := answerOf(t, again, size+1000); text != "" {
		t.Fatal(text)
	}
}

// answerOf reads one answer of at most limit bytes, and its error.
func answerOf(t *testing.T, from io.Reader, limit int) string {
	t.Helper()
	r := wire.NewReader(from)
	raw, err := r.Value(limit)
	noError(t, err)
	var h wire.Header
	noError(t, wire.NewDecoder().Header(raw, &h))
	_, err = r.Value(limit)
	noError(t, err)
	return h.Error
}

// Frames that cost a server nothing leave nothing behind, and no goroutines beyond those of the
// streams that may be open.
func TestFloodsOfFramesLeaveNothingBehind(t *testing.T) {
	const streams, rounds = 50, 60
	for name, c := range map[string]struct {
		frames func(n uint32) []byte
		calls  bool // go on
	}{
		"opened and reset": {func(n uint32) []byte { return append(opening(2*n+2), frameOf(kindWindow, rstFlag, 2*n+2, 0, nil)...) }, true},
		"opened, ended":    {func(n uint32) []byte { return append(opening(2*n+2), frameOf(kindWindow, finFlag, 2*n+2, 0, nil)...) }, true},
		"opened with data, and reset": {func(n uint32) []byte {
			return append(frameOf(kindData, synFlag, 2*n+2, 3000, make([]byte, 3000)), frameOf(kindWindow, rstFlag, 2*n+2, 0, nil)...)
		}, true},
		"opened with all flags":        {func(n uint32) []byte { return frameOf(kindData, synFlag|ackFlag|finFlag, 2*n+2, 5, []byte("hello")) }, true},
		"data of unknown streams":      {func(n uint32) []byte { return frameOf(kindData, 0, n+100_000, 3000, make([]byte, 3000)) }, true},
		"resets of unknown streams":    {func(n uint32) []byte { return frameOf(kindWindow, rstFlag, n+100_000, 0, nil) }, true},
		"leave to send on all streams": {func(n uint32) []byte { return frameOf(kindWindow, 0, n+100_000, 1<<31, nil) }, true},
		"answers to pings of nobody":   {func(n uint32) []byte { return frameOf(kindPing, ackFlag, 0, n+100_000, nil) }, true},
		"farewells":                    {func(uint32) []byte { return frameOf(3, 0, 0, 0, nil) }, false},
		"acknowledgements of nothing":  {func(n uint32) []byte { return frameOf(kindWindow, ackFlag, n+100_000, 0, nil) }, true},
		"opened, and left with a byte": {func(n uint32) []byte {
			return append(opening(2*n+2), frameOf(kindData, 0, 2*n+2, 1, []byte{wire.ModeRPC})...)
		}, true},
		"unknown modes, ended":          {func(n uint32) []byte { return frameOf(kindData, synFlag|finFlag, 2*n+2, 1, []byte{99}) }, true},
		"unknown methods, never closed": {func(n uint32) []byte { return unknownCall(2*n + 2) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			f, p := startFramePeer(t), newPool(t, pool.Config{
				MaxReverseStreams: streams, Handlers: doubling(), SilenceLimit: time.Hour, PingTimeout: time.Hour, HoldTimeout: time.Hour,
			})
			waits := call(within(t), p, f.addr, "X.Y", nil)
			f.opened(1)
			seq := f.request(1)
			before := runtime.NumGoroutine()
			for round := range uint32(rounds) {
				var lot []byte
				for i := range uint32(100) {
					lot = append(lot, c.frames(round*100+i)...)
				}
				f.says(lot)
			}
			f.settle()
			most := runtime.NumGoroutine() - before
			f.says(frameOf(kindData, ackFlag, 1, 0, answer(t, seq, nil)))
			if err := receive(t, "the call", waits).err; err != nil && c.calls {
				t.Fatal(err)
			}
			st := p.Stats()
			if st.ReverseBytes != 0 || st.CallsInFlight > streams+1 || st.Dials != 1 || most > 4*streams {
				t.Fatalf("%d goroutines more, %+v", most, st)
			}
		})
	}
}

// opening opens a stream of the server.
func opening(stream uint32) []byte { return frameOf(kindWindow, synFlag, stream, 0, nil) }

// unknownCall opens a stream with a call of a method that nobody has.
func unknownCall(stream uint32) []byte {
	return frameOf(kindData, synFlag, stream, 0, append(wire.AppendRequest([]byte{wire.ModeRPC}, 7, "No.Such"), 0x80))
}
