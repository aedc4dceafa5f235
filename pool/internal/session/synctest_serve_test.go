package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// pipeStream is a stream over a pipe, whose deadlines are those of the bubble.
type pipeStream struct{ net.Conn }

func (pipeStream) StreamID() uint32 { return 2 }

func TestAStreamWithoutARequestIsClosedAfterFiveSeconds(t *testing.T) {
	for _, said := range []string{"", "\x01", "\x05", "\x01\x82\xa3Seq", "\x05\x81\xa6Meth"} {
		synctest.Test(t, func(t *testing.T) {
			s := silent(t, newConfig())
			if !s.admit() {
				t.Fatal("not admitted")
			}
			near, far := net.Pipe()
			go s.serve(pipeStream{near})
			if _, err := far.Write([]byte(said)); err != nil {
				t.Fatal(err)
			}
			if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("%q: %v", said, err)
			}
			s.after(t, requestPause, "closed")
		})
	}
}

// inFive is b in five parts.
func inFive(b []byte) [][]byte { return slices.Collect(slices.Chunk(b, (len(b)+4)/5)) }

func TestARequestMayComeSlowlyAsLongAsItComes(t *testing.T) {
	const idle, pause = 30 * time.Second, requestPause - time.Second
	cfg := func() *Config {
		c := newConfig()
		c.IdleTimeout = idle
		c.Handlers.Call = func(string) CallHandler {
			return func(context.Context, func(any) error) (any, error) { return nil, nil }
		}
		c.Handlers.Stream = func(string) StreamHandler { return func(context.Context, net.Conn) error { return nil } }
		return c
	}
	request, err := wire.NewEncoder().Value(wire.AppendRequest(nil, 1, "T.N"), 1)
	noError(t, err)
	call := append([]byte{wire.ModeRPC}, request...)
	answer, err := wire.NewEncoder().Value(wire.AppendReply(nil, wire.Header{Seq: 1, ServiceMethod: "T.N"}), struct{}{})
	noError(t, err)
	for name, c := range map[string]struct {
		first    []byte
		slow     [][]byte
		after    time.Duration // the pause before the first of slow
		answered []byte
		took     time.Duration
	}{
		"a first request":         {call[:1], inFive(call[1:]), pause, answer, 5*pause + idle},
		"a later request":         {call, inFive(request), idle - 1, slices.Concat(answer, answer), idle - 1 + 4*pause + idle},
		"a streaming call":        {nil, inFive(wire.AppendStream([]byte{wire.ModeStreaming}, "T.N")), pause, wire.AppendAck(nil, ""), 5 * pause},
		"a pause that is long":    {call[:1], inFive(call[1:]), requestPause + 1, nil, requestPause},
		"a later one too late":    {call, inFive(request), idle + 1, answer, idle},
		"a later one that stops":  {call, [][]byte{request[:5]}, pause, answer, pause + requestPause},
		"one that takes for ever": {[]byte("\x01\xda\xff\xff"), slices.Repeat([][]byte{{0}}, 1000), pause, nil, requestTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := silent(t, cfg())
				s.admit()
				near, far := net.Pipe()
				go s.serve(pipeStream{near})
				var writing sync.WaitGroup
				writing.Go(func() {
					_, err := far.Write(c.first)
					time.Sleep(c.after)
					for _, part := range c.slow {
						if err == nil {
							_, err = far.Write(part)
						}
						if err != nil {
							return
						}
						time.Sleep(pause)
					}
				})
				answered, err := io.ReadAll(far)
				if err != nil || !bytes.Equal(answered, c.answered) {
					t.Errorf("%q, %v; want %q", answered, err, c.answered)
				}
				s.after(t, c.took, "closed")
				writing.Wait()
			})
		})
	}
}

func TestAnIdleStreamOfTheServerIsClosedAfterIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const idle = 7 * time.Second
		answer := func(context.Context, func(any) error) (any, error) { return nil, nil }
		cfg := newConfig()
		cfg.IdleTimeout, cfg.Handlers.Call = idle, func(string) CallHandler { return answer }
		s := silent(t, cfg)
		s.admit()
		near, far := net.Pipe()
		go s.serve(pipeStream{near})
		request, err := wire.NewEncoder().Value(wire.AppendRequest([]byte{wire.ModeRPC}, 1, "Test.Nil"), 1)
		noError(t, err)
		go func() { _, _ = far.Write(request) }()
		if answered, err := io.ReadAll(far); err != nil || len(answered) == 0 {
			t.Errorf("%q, %v", answered, err)
		}
		s.after(t, idle, "closed")
	})
}

func TestRefusedStreamsAreLoggedOnceAMinuteWithTheirCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cfg := newConfig()
		cfg.Logger = logqueue.New().Logger(zerolog.New(&log))
		s := silent(t, cfg)
		time.Sleep(time.Second) // since the pool was made
		for i := range 3 * 60 { // of seconds, 10 in each
			for range 10 {
				s.refused("too many")
			}
			synctest.Wait()
			if lines := bytes.Count(log.Bytes(), []byte("were refused")); lines != i/60+1 {
				t.Fatalf("%d lines in second %d", lines, i)
			}
			time.Sleep(time.Second)
		}
		for _, count := range []string{`"refused":1,`, `"refused":600,`} {
			if !bytes.Contains(log.Bytes(), []byte(count)) {
				t.Errorf("no %s in\n%s", count, log.Bytes())
			}
		}
	})
}

// What has come in of a header or of arguments counts, and no longer than the stream is open.
func TestWhatCameInOfARequestCounts(t *testing.T) {
	const part = 50_000
	long := append([]byte("\xda\xe0\x00"), make([]byte, part)...)
	for name, said := range map[string][]byte{
		"a call's header":     slices.Concat([]byte{wire.ModeRPC, 0x81, 0xa6}, []byte("Method"), long),
		"a call's arguments":  slices.Concat(wire.AppendRequest([]byte{wire.ModeRPC}, 1, "X.Y"), long),
		"a streaming header":  slices.Concat([]byte{wire.ModeStreaming, 0x81, 0xa6}, []byte("Method"), long),
		"what is of no use":   slices.Concat([]byte{wire.ModeRPC}, long),
		"several small ones":  slices.Concat([]byte{wire.ModeRPC}, bytes.Repeat(append(wire.AppendRequest(nil, 1, "X.Y"), emptyMap), 20), long),
		"one that has no end": slices.Concat([]byte{wire.ModeRPC, 0xdd, 0, 1, 0, 0}, make([]byte, part)),
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := newConfig()
			cfg.Handlers.Call = func(string) CallHandler {
				return func(context.Context, func(any) error) (any, error) { return nil, nil }
			}
			s := silent(t, cfg)
			s.admit()
			near, far := net.Pipe()
			go s.serve(pipeStream{near})
			go func() { _, _ = io.Copy(io.Discard, far) }()
			if _, err := far.Write(said); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			synctest.Wait()
			if held := s.conn.Share.Held(); held < part-mux.FreeBytes || held > 3*part {
				t.Errorf("%s: %d bytes count", name, held)
			}
			time.Sleep(2 * requestPause)
			if held := s.conn.Share.Held(); held != 0 {
				t.Errorf("%s: %d bytes count when the stream has ended", name, held)
			}
			_ = far.Close()
		})
	}
}

// An answer of 1 MiB over a line on which it takes longer than a server may hold a call.
func TestALargeAnswerMayGoOutSlowlyAsLongAsItGoesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		big := make([]byte, 1<<20)
		cfg := newConfig()
		cfg.HoldTimeout, cfg.Handlers.Call = 10*time.Second, func(string) CallHandler {
			return func(context.Context, func(any) error) (any, error) { return big, nil }
		}
		s := silent(t, cfg)
		if !s.admit() {
			t.Fatal("not admitted")
		}
		near, far := net.Pipe()
		go s.serve(pipeStream{near})
		request := append(wire.AppendRequest([]byte{wire.ModeRPC}, 1, "X.Y"), emptyMap)
		if _, err := far.Write(request); err != nil {
			t.Fatal(err)
		}
		begin, got := time.Now(), 0
		for b := make([]byte, 64<<10); got < len(big); {
			n, err := far.Read(b)
			if got += n; err != nil {
				t.Fatalf("%v after %d bytes and %v", err, got, time.Since(begin))
			}
			time.Sleep(3 * time.Second)
		}
		if took := time.Since(begin); took < 40*time.Second {
			t.Errorf("it took %v", took)
		}
		_ = far.Close()
	})
}
