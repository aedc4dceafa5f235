package session

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// clogged is a mux whose opening frame does not get out in time.
type clogged struct{ mux.Session }

func (clogged) Open() (mux.Stream, error) { return nil, yamux.ErrConnectionWriteTimeout }

func TestASessionWhoseOpeningFrameIsOverdueIsGivenUp(t *testing.T) {
	s := &Session{base: base{yamux: clogged{}}}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	if _, err := s.openStream(); !errors.Is(err, yamux.ErrConnectionWriteTimeout) || !errors.Is(context.Cause(s.ctx), yamux.ErrConnectionWriteTimeout) {
		t.Errorf("%v; the session: %v", err, context.Cause(s.ctx))
	}
}

// routesOf are the routes of a session, if it has opened no more than 4096 streams.
func routesOf(s *Session) (all []*mux.Route) {
	for id := uint32(1); id < 8192; id += 2 {
		if r := s.conn.Routes.Find(id); r != nil {
			all = append(all, r)
		}
	}
	return all
}

// callStreamOf is the call stream at a route; nil: none.
func callStreamOf(r *mux.Route) *callStream {
	if to := r.Receiver.Load(); to != nil {
		return (*to).(*callStream)
	}
	return nil
}

// asked is how many call streams of a session wait for a reply.
func asked(s *Session) (n int) {
	for _, r := range routesOf(s) {
		if l := callStreamOf(r); l != nil && l.state.Load() == stateAsked {
			n++
		}
	}
	return n
}

// lateServer accepts no stream until accept is called, and then answers each request that
// is no blocking query.
func lateServer(t *testing.T) (addr string, accept func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	accepting := make(chan struct{})
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { _ = ln.Close() })
	serving.Go(func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(conn, make([]byte, 1))
		cfg := yamux.DefaultConfig()
		cfg.LogOutput, cfg.EnableKeepAlive = io.Discard, false
		session, err := yamux.Server(conn, cfg)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = session.Close() }()
		select {
		case <-accepting:
		case <-session.CloseChan():
			return
		}
		for {
			st, err := session.AcceptStream()
			if err != nil {
				return
			}
			if _, err := io.ReadFull(st, make([]byte, 1)); err != nil {
				t.Errorf("the end of a stream came before its mode: %v", err)
			}
			serving.Go(func() { sessiontest.AnswerPings(st) })
		}
	})
	return ln.Addr().String(), func() { close(accepting) }
}

// A server that answers pings and acknowledges no stream holds up a bounded number of
// streams, no goroutine, and no call beyond its context, however many come at once. Once
// it accepts, it serves the next call at once, although it is still at work on those
// that were left.
func TestCallsThatAreLeftBeforeTheirStreamsAreAcknowledgedCostTheSessionNothing(t *testing.T) {
	addr, accept := lateServer(t)
	s := dialed(t, addr)
	const calls = 1000
	for round := range 3 {
		ctx, leave := context.WithCancel(t.Context())
		var making sync.WaitGroup
		var sent atomic.Int64
		for i := range calls {
			making.Go(func() {
				var at Phase
				var err error
				if i%4 == 0 {
					_, at, err = open(ctx, s, "X.Y")
				} else {
					at, err = call(ctx, s, "X.Y", nil, nil)
				}
				if !errors.Is(err, context.Canceled) || at < PhaseOpen {
					t.Errorf("%v, %v", at, err)
				} else if at > PhaseOpen {
					sent.Add(1)
				}
			})
		}
		awaitTrue(t, "the calls", func() bool {
			return s.InFlight() == calls && s.conn.Opens.Waiting() == mux.OpensFirst && s.cfg.Counters.Streams.Load() == mux.OpensFirst
		})
		leave()
		making.Wait()
		awaitTrue(t, "the calls' end", func() bool { return s.InFlight() == 0 && s.group.n.Load() <= 2 })
		if n := len(routesOf(s)); n != mux.OpensFirst || round > 0 && sent.Load() > 0 {
			t.Fatalf("round %d: %d streams, want %d; %d calls were sent", round, n, mux.OpensFirst, sent.Load())
		}
	}
	accept()
	if at, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
		t.Fatal(at, err)
	}
	awaitTrue(t, "the streams' end", func() bool { return len(routesOf(s)) == 1 })
	if n := s.cfg.Counters.Streams.Load(); n > mux.OpensFirst+1 {
		t.Fatalf("%d streams", n)
	}
}

// Calls that wait for leave to open a stream take one that is idle, if that comes first.
func TestACallThatWaitsForAStreamTakesOneThatHasBecomeIdle(t *testing.T) {
	addr, accept := lateServer(t)
	s := dialed(t, addr)
	const calls = 200
	var making sync.WaitGroup
	for range calls {
		making.Go(func() {
			if at, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
				t.Error(at, err)
			}
		})
	}
	awaitTrue(t, "the calls", func() bool {
		return asked(s) == mux.OpensFirst && s.InFlight() == calls
	})
	accept()
	making.Wait()
	if n := s.cfg.Counters.Streams.Load(); n > calls || s.InFlight() != 0 || s.IdleStreams() != int(n) {
		t.Fatalf("%d streams, %d idle, %d calls", n, s.IdleStreams(), s.InFlight())
	}
}
