package pool

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/testutil"
)

// An owner closes the streams that a burst of calls left within minutes, but for those at rest,
// and has nothing to do before a burst or after it.
func TestTheStreamsOfABurstAreClosedWithinMinutes(t *testing.T) {
	const burst, rest = 60, 4
	srv, err := testutil.StartServer(testutil.ServerConfig{KeepAlive: -1})
	noError(t, err)
	defer func() { _ = srv.Stop(context.Background()) }()
	p, err := New(Far(Config{IdleTimeout: time.Hour}))
	noError(t, err)
	defer func() { noError(t, p.Stop(context.Background())) }()
	s, err := p.dial(t.Context(), srv.Addr(), 7) // the pool's own owner has no such session
	noError(t, err)
	s.Listen()
	ended := make(chan struct{})
	go func() { _ = s.Run(context.Background(), func() error { return ErrStopped }); close(ended) }()
	defer func() { s.End(ErrStopped); <-ended }()

	now := time.Unix(1000, 0)
	o := &owner{pool: &Pool{}, live: map[uint64]*connection{1: s}}
	o.core = poolcore.New(&poolcore.Config{Idle: time.Hour}, envOf(func(uint64) poolcore.Usage {
		u := s.Usage()
		u.Used = now
		return u
	}))
	o.core.Step(now, poolcore.Connect{Addr: addrA})
	o.core.Step(now, poolcore.Dialed{Addr: addrA, Session: 1})
	o.core.Take()
	quiet := o.core.Deadline()

	entered, held := make(chan struct{}, burst), make(chan struct{})
	srv.Handle("Test.Hold", func(context.Context, *testutil.Request) (any, error) { entered <- struct{}{}; <-held; return nil, nil })
	var calls sync.WaitGroup
	for i := range burst {
		calls.Go(func() {
			if !s.Enter() {
				t.Error("the session takes no call")
			} else if at, err := s.Call(t.Context(), &session.Request{Seq: uint64(i), Method: "Test.Hold", Args: &emptyMap}); err != nil {
				t.Error(at, err)
			}
		})
	}
	for range burst {
		<-entered
	}
	close(held)
	calls.Wait()
	if s.IdleStreams() != burst || !s.Usage().Surplus {
		t.Fatalf("%d idle streams, %+v", s.IdleStreams(), s.Usage())
	}
	o.core.Step(now, poolcore.Surplus{Session: 1})
	begin := now
	left := map[bool]int{} // two minutes after the burst or before, and later
	for at := o.core.Deadline(); at.Before(quiet); at = o.core.Deadline() {
		now = at
		o.Expire(now)
		left[now.Sub(begin) > 2*time.Minute] = s.IdleStreams()
		if now.Sub(begin) > 6*time.Minute {
			t.Fatalf("%d are left after %v", s.IdleStreams(), now.Sub(begin))
		}
	}
	if left[false] < burst*3/4 || left[true] != rest {
		t.Fatalf("%d were left after two minutes, %d in the end", left[false], left[true])
	}
}
