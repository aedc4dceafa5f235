package pool_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// pipedServer answers every call with an empty map, in the bubble of its test. A call of
// Test.Hold is answered once held is closed.
type pipedServer struct {
	sessions chan *yamux.Session
	held     chan struct{}
	waiting  atomic.Int64
}

func (s *pipedServer) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		cfg := yamux.DefaultConfig()
		cfg.EnableKeepAlive, cfg.LogOutput = false, io.Discard
		if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
			return
		}
		session, err := yamux.Server(far, cfg)
		if err != nil {
			return
		}
		s.sessions <- session
		for {
			st, err := session.AcceptStream()
			if err != nil {
				return
			}
			go s.serve(st)
		}
	}()
	return near, nil
}

func (s *pipedServer) serve(st *yamux.Stream) {
	defer func() { _ = st.Close() }()
	if _, err := io.ReadFull(st, make([]byte, 1)); err != nil {
		return
	}
	dec := wire.NewDecoder()
	for r := wire.NewReader(st); ; {
		raw, err := r.Value(1 << 10)
		var h wire.RequestHeader
		if err != nil || dec.Request(raw, &h) != nil {
			return
		}
		if _, err := r.Value(1 << 10); err != nil {
			return
		}
		if h.ServiceMethod == "Test.Hold" {
			s.waiting.Add(1)
			<-s.held
		}
		if _, err := st.Write(append(wire.AppendReply(nil, wire.Header{Seq: h.Seq, ServiceMethod: h.ServiceMethod}), 0x80)); err != nil {
			return
		}
	}
}

// Streams that a burst of calls needed are closed when they were not needed for minutes; those
// at rest stay, and so does the session. Without a burst nothing wakes the owner.
func TestTheStreamsOfABurstAreClosedWithinMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const burst, rest = 60, 4
		s := &pipedServer{sessions: make(chan *yamux.Session, 1), held: make(chan struct{})}
		p, err := pool.New(pool.Config{Dial: s.dial, SilenceLimit: time.Hour})
		noError(t, err)
		defer func() { noError(t, p.Stop(context.Background())) }()
		noError(t, p.Call(t.Context(), "a:1", "Status.Ping", struct{}{}, nil))
		noError(t, pool.Control(p).Retain(t.Context(), "a:1"))
		session := <-s.sessions
		var calls sync.WaitGroup
		for range burst {
			calls.Go(func() { noError(t, p.Call(t.Context(), "a:1", "Test.Hold", struct{}{}, nil)) })
		}
		synctest.Wait()
		if n := s.waiting.Load(); n != burst {
			t.Fatalf("%d calls are under way", n)
		}
		close(s.held)
		calls.Wait()
		time.Sleep(90 * time.Second)
		if st := p.Stats(); st.IdleStreams != burst || session.NumStreams() != burst {
			t.Fatalf("%d streams soon after the burst, %d at the server", st.IdleStreams, session.NumStreams())
		}
		time.Sleep(6 * time.Minute)
		if st := p.Stats(); st.IdleStreams != rest || session.NumStreams() != rest || st.Dials != 1 || st.Sessions != 1 {
			t.Fatalf("%+v; %d streams at the server", st, session.NumStreams())
		}
		noError(t, p.Call(t.Context(), "a:1", "Status.Ping", struct{}{}, nil))
		if st := p.Stats(); st.Streams != burst {
			t.Fatalf("%+v", st)
		}
		_ = session.Close()
	})
}
