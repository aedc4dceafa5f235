package pool

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
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// clogged is a mux whose opening frame does not get out in time.
type clogged struct{ mux.Session }

func (clogged) Open() (mux.Stream, error) { return nil, yamux.ErrConnectionWriteTimeout }

func TestASessionWhoseOpeningFrameIsOverdueIsGivenUp(t *testing.T) {
	s := &session{yamux: clogged{}}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	if _, err := s.openStream(); !errors.Is(err, yamux.ErrConnectionWriteTimeout) || !errors.Is(context.Cause(s.ctx), yamux.ErrConnectionWriteTimeout) {
		t.Errorf("%v; the session: %v", err, context.Cause(s.ctx))
	}
}

// routesOf are the routes of a session, if it has opened no more than 4096 streams.
func routesOf(s *session) (all []*mux.Route) {
	for id := uint32(1); id < 8192; id += 2 {
		if r := s.conn.Routes.Find(id); r != nil {
			all = append(all, r)
		}
	}
	return all
}

// laneOf is the lane at a route; nil: none.
func laneOf(r *mux.Route) *lane {
	if to := r.Receiver.Load(); to != nil {
		return (*to).(*lane)
	}
	return nil
}

// asked is how many lanes of a session wait for a reply.
func asked(s *session) (n int) {
	for _, r := range routesOf(s) {
		if l := laneOf(r); l != nil && l.turn.Load() == turnAsked {
			n++
		}
	}
	return n
}

// lateServer accepts no stream until it is told to, and then answers each request that
// is no blocking query.
func lateServer(t *testing.T) (addr string, accept func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
			serving.Go(func() { AnswerPings(st) })
		}
	})
	return ln.Addr().String(), func() { close(accepting) }
}

// AnswerPings answers each Status.Ping on a stream, and nothing else, until it ends.
func AnswerPings(st *yamux.Stream) {
	defer func() { _ = st.Close() }()
	buf := make([]byte, 4096)
	for {
		n, err := st.Read(buf)
		if err != nil {
			return
		}
		var h wire.RequestHeader
		var scan wire.Scanner
		scan.Reset(0, n)
		end, ok, err := scan.Value(buf[:n])
		if err != nil || !ok || wire.NewDecoder().Request(buf[:end], &h) != nil || h.ServiceMethod != pingMethod {
			continue
		}
		reply, _ := wire.NewEncoder().Reply(nil, wire.Header{Seq: h.Seq, ServiceMethod: pingMethod}, map[string]any{})
		if _, err := st.Write(reply); err != nil {
			return
		}
	}
}

// A server that answers pings and acknowledges no stream holds up a bounded number of
// streams, no goroutine, and no call beyond its context, however many come at once. Once
// it accepts, it serves the next call at once, although it is still at work on those
// that were left.
func TestCallsThatAreLeftBeforeTheirStreamsAreAcknowledgedCostTheSessionNothing(t *testing.T) {
	addr, accept := lateServer(t)
	p, err := New(Far(Config{}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Stop(context.Background()) }()
	const calls = 1000
	for round := range 3 {
		ctx, leave := context.WithCancel(t.Context())
		var making sync.WaitGroup
		var sent atomic.Int64
		for i := range calls {
			making.Go(func() {
				var err error
				if i%4 == 0 {
					_, err = p.Stream(ctx, addr, "X.Y")
				} else {
					err = p.Call(ctx, addr, "X.Y", nil, nil)
				}
				e, ok := errors.AsType[*CallError](err)
				if !ok || !errors.Is(err, context.Canceled) || e.Phase < PhaseOpen {
					t.Errorf("%v", err)
				} else if e.Phase > PhaseOpen {
					sent.Add(1)
				}
			})
		}
		awaitTrue(t, "the calls", func() bool {
			s := (*p.table.Load())[addr]
			return s != nil && s.inFlight() == calls && s.conn.Opens.Waiting() == mux.OpensFirst && int(p.Stats().Streams) == mux.OpensFirst
		})
		leave()
		making.Wait()
		s := (*p.table.Load())[addr]
		awaitTrue(t, "the calls' end", func() bool { return s.inFlight() == 0 && s.crew.n.Load() <= 2 })
		if n := len(routesOf(s)); n != mux.OpensFirst || round > 0 && sent.Load() > 0 {
			t.Fatalf("round %d: %d streams, want %d; %d calls were sent", round, n, mux.OpensFirst, sent.Load())
		}
	}
	accept()
	if _, err := p.Ping(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	s := (*p.table.Load())[addr]
	awaitTrue(t, "the streams' end", func() bool { return len(routesOf(s)) == 1 })
	if st := p.Stats(); st.Dials != 1 || st.Streams > mux.OpensFirst+1 {
		t.Fatalf("%+v", st)
	}
}

// Calls that wait for leave to open a stream take one that is idle, if that comes first.
func TestACallThatWaitsForAStreamTakesOneThatHasBecomeIdle(t *testing.T) {
	addr, accept := lateServer(t)
	p, err := New(Far(Config{}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Stop(context.Background()) }()
	const calls = 200
	var making sync.WaitGroup
	for range calls {
		making.Go(func() {
			if _, err := p.Ping(t.Context(), addr); err != nil {
				t.Error(err)
			}
		})
	}
	awaitTrue(t, "the calls", func() bool {
		s := (*p.table.Load())[addr]
		return s != nil && asked(s) == mux.OpensFirst && s.inFlight() == calls
	})
	accept()
	making.Wait()
	if st := p.Stats(); st.Streams > calls || st.CallsInFlight != 0 || st.IdleStreams != int(st.Streams) {
		t.Fatalf("%+v", st)
	}
}
