package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/hashicorp/yamux"
)

// clogged is a mux whose opening frame does not get out in time.
type clogged struct{ mux }

func (clogged) Open() (stream, error) { return nil, yamux.ErrConnectionWriteTimeout }

func TestASessionWhoseOpeningFrameIsOverdueIsGivenUp(t *testing.T) {
	s := &session{mux: clogged{}}
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	if _, err := s.openStream(); !errors.Is(err, yamux.ErrConnectionWriteTimeout) || !errors.Is(context.Cause(s.ctx), yamux.ErrConnectionWriteTimeout) {
		t.Errorf("%v; the session: %v", err, context.Cause(s.ctx))
	}
}

// yamuxBacklog is how many streams yamux opens before one is acknowledged.
const yamuxBacklog = 256

// asked is how many lanes of a session wait for a reply.
func asked(s *session) (n int) {
	for i := range s.tap.ports {
		if list := s.tap.ports[i].Load(); list != nil {
			for _, at := range *list {
				if l := at.lane.Load(); l != nil && l.turn.Load() == turnAsked {
					n++
				}
			}
		}
	}
	return n
}

// A server that answers pings and acknowledges no stream holds up a bounded number
// of goroutines, and no call beyond its context.
func TestAServerThatAcknowledgesNoStreamHoldsUpLittle(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(conn, make([]byte, 1))
		cfg := yamux.DefaultConfig()
		cfg.LogOutput, cfg.EnableKeepAlive = io.Discard, false
		session, err := yamux.Server(conn, cfg) // and nobody accepts
		if err != nil {
			t.Error(err)
			return
		}
		<-session.CloseChan()
	})
	p, err := New(Far(Config{}))
	if err != nil {
		t.Fatal(err)
	}
	// So many calls that yamux opens no more streams, and as many that wait for one as
	// may.
	addr := ln.Addr().String()
	for _, round := range []struct {
		calls  int
		wait   func(s *session) bool
		adrift int64
	}{
		{yamuxBacklog, func(s *session) bool { return asked(s) == yamuxBacklog }, 0},
		{adriftLimit, func(s *session) bool { return s.calls.Load() == adriftLimit }, adriftLimit},
	} {
		ctx, leave := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range round.calls {
			calls.Go(func() {
				if err := p.Call(ctx, addr, "X.Y", nil, nil); !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
			})
		}
		awaitTrue(t, "the calls", func() bool { s := (*p.table.Load())[addr]; return s != nil && round.wait(s) })
		leave()
		calls.Wait()
		s := (*p.table.Load())[addr]
		awaitTrue(t, "the streams' ends", func() bool { return s.calls.Load() == 0 })
		if n := s.adrift.Load(); n != round.adrift {
			t.Fatalf("%d openings are waited for by nobody, want %d", n, round.adrift)
		}
	}
	// Nobody else may wait.
	ctx, stop := context.WithTimeout(t.Context(), Patience)
	defer stop()
	for range 3 * yamuxBacklog {
		err := p.Call(ctx, addr, "X.Y", nil, nil)
		if call, ok := errors.AsType[*CallError](err); !ok || !errors.Is(err, ErrNoStream) || call.Outcome != NotSent || call.Phase != PhaseOpen {
			t.Fatalf("%v", err)
		}
	}
	s := (*p.table.Load())[addr]
	if s == nil || s.over() {
		t.Fatal("the session is over")
	}
	if n, calls := s.adrift.Load(), s.calls.Load(); n != adriftLimit || calls != 0 {
		t.Errorf("%d openings are waited for by nobody, %d calls are still counted", n, calls)
	}
	if err := p.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	_ = ln.Close()
	serving.Wait()
}
