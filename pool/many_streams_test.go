package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAServerThatOpensStreamsWithoutEndIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 8
	over := make(chan struct{})
	p := newPool(t, pool.Config{MaxReverseStreams: limit, Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{
		"Test.Hold": func(ctx context.Context, c net.Conn) error {
			select {
			case <-over:
			case <-ctx.Done():
			}
			return nil
		},
	}}})
	addr, server := connectRaw(t, p)
	open := wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Hold")
	ack := wire.AppendAck(nil, "")
	var held []*yamux.Stream
	for range limit {
		st := server.opens(t, open)
		reads(t, st, ack)
		held = append(held, st)
	}
	before := server.NumStreams()
	const more = 2000
	for i := range more {
		st, err := server.OpenStream()
		noError(t, err)
		_ = st.SetDeadline(time.Now().Add(patience))
		_, _ = st.Write(open) // may have been reset already
		if _, err := io.ReadAll(st); err == nil {
			t.Fatalf("stream %d beyond the limit was served", i)
		}
		_ = st.Close()
	}
	if st := p.Stats(); st.Refused != more || st.Accepted != more+limit {
		t.Fatalf("%+v", st)
	}
	await(t, "the end of all others", func() bool { return server.NumStreams() == before })
	close(over)
	for _, st := range held {
		_ = st.SetDeadline(time.Now().Add(patience)) // that of its opening is old
		ends(t, st)
		_ = st.Close()
	}
	// There is room again, on the same session.
	await(t, "the release", func() bool { return inUse(p) == 1 }) // the ping without an answer
	again := server.opens(t, open)
	reads(t, again, ack)
	_ = again.Close()
	if st := p.Stats(); st.Dials != 1 {
		t.Fatalf("%s: %+v", addr, st)
	}
}

func TestARequestBeyondTheLimitIsRefused(t *testing.T) {
	s, _ := agentWith(t, pool.Config{MaxRequestBytes: 1000, Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"Test.Nil": func(context.Context, func(any) error) (any, error) { return nil, nil },
	}}})
	noError(t, s.CallNode(within(t), "n1", "Test.Nil", strings.Repeat("x", 900), nil))
	err := s.CallNode(within(t), "n1", "Test.Nil", strings.Repeat("x", 1000), nil)
	if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || !strings.Contains(remote.Text, "request of at least ") || !strings.HasSuffix(remote.Text, "(MaxRequestBytes)") {
		t.Fatalf("%v", err)
	}
}

func TestTheNewestSessionIsListenedOnBeforeAnybodyKnowsIt(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{"Test.Double": doubles}}})
	for range 50 {
		register(t, p, s)
		var got int
		if err := s.CallNode(within(t), "n1", "Test.Double", 4, &got); err != nil || got != 8 {
			t.Fatalf("%d, %v", got, err)
		}
		dials := p.Stats().Dials
		s.GoAway()
		await(t, "a new session", func() bool { ping(t, p, s.Addr()); return p.Stats().Dials > dials })
	}
}

// A stream whose peer takes no notice of its end does not stay.
func TestAClosedStreamIsResetIfItsPeerGoesOn(t *testing.T) {
	p := newPool(t, pool.Config{Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{
		"Test.Leave": func(context.Context, net.Conn) error { return nil },
	}}})
	_, server := connectRaw(t, p)
	before := server.NumStreams()
	st := server.opens(t, wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Leave"))
	n, err := io.Copy(st, endlessZeros{})
	if !errors.Is(err, yamux.ErrConnectionReset) || n > 4<<20 {
		t.Fatalf("%d bytes taken, %v", n, err)
	}
	_ = st.Close()
	await(t, "the release", func() bool { return inUse(p) == 1 && server.NumStreams() == before })
}

func TestAStreamOfAnUnknownModeIsClosedAlone(t *testing.T) {
	p := newPool(t, pool.Config{})
	_, server := connectRaw(t, p)
	for _, first := range []string{"\x07", "\x01\xc1", "\x05\xc1", "\x01\x01\x01", "\x05\x01"} {
		st := server.opens(t, []byte(first))
		ends(t, st)
		_ = st.Close()
	}
	if st := p.Stats(); st.Dials != 1 || st.Sessions != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestManyStreamsOpenAtOnce(t *testing.T) {
	const streams = 1000
	s, p := agentWith(t, pool.Config{MaxReverseStreams: streams, Handlers: pool.Handlers{
		Streams: map[string]pool.StreamHandler{"Test.Echo": echoes},
	}})
	handleCopies(s)
	for direction, open := range map[string]func(context.Context) (net.Conn, error){
		"out": func(ctx context.Context) (net.Conn, error) { return p.Stream(ctx, s.Addr(), "Test.Copy") },
		"in":  func(ctx context.Context) (net.Conn, error) { return s.StreamNode(ctx, "n1", "Test.Echo") },
	} {
		conns := make([]net.Conn, streams)
		each(streams, 32, func(i int) {
			c, err := open(within(t))
			if err != nil {
				t.Errorf("%s, stream %d: %v", direction, i, err)
				return
			}
			conns[i] = c
		})
		if t.Failed() {
			return
		}
		if inUse(p) != streams {
			t.Fatalf("%s: %+v", direction, p.Stats())
		}
		each(streams, 32, func(i int) {
			_ = conns[i].SetDeadline(time.Now().Add(patience)) // that of its opening is old
			message := fmt.Sprint("message ", i)
			if _, err := conns[i].Write([]byte(message)); err != nil {
				t.Error(err)
			}
			got := make([]byte, len(message))
			if _, err := io.ReadFull(conns[i], got); err != nil || string(got) != message {
				t.Errorf("%s: %q, %v", direction, got, err)
			}
			_ = conns[i].Close()
		})
		await(t, "the release", func() bool { return inUse(p) == 0 })
	}
	if st := p.Stats(); st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}

// each calls f for each number below n, so many at once.
func each(n, atOnce int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// More streams than any limit on what may be open, waiting or unfinished at a time,
// or as many as RPCPROXY_STREAMS sets:
//
//	RPCPROXY_STREAMS=100000 go test ./pool -run TestManyStreamsInARow -v
func TestManyStreamsInARowLeaveNothingBehind(t *testing.T) {
	streams := 2000
	if long := os.Getenv("RPCPROXY_STREAMS"); long != "" {
		var err error
		if streams, err = strconv.Atoi(long); err != nil {
			t.Fatal(err)
		}
	}
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{"Test.Echo": echoes}}})
	handleCopies(s)
	for direction, open := range map[string]func() (net.Conn, error){
		"out": func() (net.Conn, error) { return p.Stream(t.Context(), s.Addr(), "Test.Copy") },
		"in":  func() (net.Conn, error) { return s.StreamNode(t.Context(), "n1", "Test.Echo") },
	} {
		begin := time.Now()
		for i := range streams {
			c, err := open()
			if err != nil {
				t.Fatalf("%s, stream %d: %v", direction, i, err)
			}
			_ = c.Close()
		}
		await(t, "the release", func() bool { return inUse(p) == 0 })
		t.Logf("%s: %d streams in %v", direction, streams, time.Since(begin))
	}
	if st := p.Stats(); st.Dials != 1 || st.Refused != 0 {
		t.Fatalf("%+v", st)
	}
}
