package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	var refused atomic.Int64
	for range 5 {
		var calls sync.WaitGroup
		for range 256 {
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
				defer cancel()
				err := p.Call(ctx, ln.Addr().String(), "X.Y", nil, nil)
				switch call, _ := errors.AsType[*CallError](err); {
				case errors.Is(err, ErrNoStream):
					refused.Add(1)
					if call.Outcome != NotSent || call.Phase != PhaseOpen {
						t.Errorf("%v", err)
					}
				case !errors.Is(err, context.DeadlineExceeded):
					t.Errorf("%v", err)
				}
			})
		}
		calls.Wait()
	}
	s := (*p.table.Load())[ln.Addr().String()]
	if s == nil || s.over() {
		t.Fatal("the session is over")
	}
	if n := s.adrift.Load(); n > 2*256 || refused.Load() == 0 {
		t.Errorf("%d openings are waited for by nobody, %d calls were refused", n, refused.Load())
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("%d calls are still counted", n)
	}
	if err := p.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	_ = ln.Close()
	serving.Wait()
}
