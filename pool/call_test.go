package pool_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestACallBringsBackTheAnswer(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	type echo struct {
		Text   string
		Number int64
		List   []string
		Bytes  []byte
	}
	want := echo{"text", -5, []string{"a", "b"}, []byte{1, 2, 3}}
	var got echo
	noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", want, &got))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	if err := p.Call(within(t), s.Addr(), "Echo.Echo", want, nil); err != nil {
		t.Fatalf("without a reply: %v", err)
	}
}

func TestAPingTellsHowLongTheServerTook(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	took, err := p.Ping(within(t), s.Addr())
	if err != nil || took <= 0 || took > patience {
		t.Fatalf("%v, %v", took, err)
	}
	if n := s.Counts().Methods["Status.Ping"]; n != 1 {
		t.Fatalf("%d pings at the server, want 1", n)
	}
}

func TestAServerGetsOneSessionHoweverManyCall(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	const callers, calls = 200, 10
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range calls {
				want := fmt.Sprint(i, " ", j)
				var got string
				if err := p.Call(within(t), s.Addr(), "Echo.Echo", want, &got); err != nil || got != want {
					t.Errorf("%q, %v; want %q", got, err, want)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Counts().Accepted; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	if st := p.Stats(); st.Dials != 1 || st.Sessions != 1 || st.Calls != callers*calls || st.Failures != 0 {
		t.Errorf("%+v", st)
	}
	if st, n := p.Stats(), s.Counts().Streams; st.Streams > callers || int64(st.Streams) != n {
		t.Errorf("%d streams opened, %d at the server; want no more than %d callers", st.Streams, n, callers)
	}
}

func TestCallsOneAfterTheOtherShareAStream(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for range 50 {
		ping(t, p, s.Addr())
	}
	if n := p.Stats().Streams; n != 1 {
		t.Fatalf("%d streams, want 1", n)
	}
}

func TestASlowCallHoldsBackNoOther(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	slow := call(within(t), p, s.Addr(), "Test.Hold", "slow")
	first := receive(t, "the slow call", g.entered)
	for range 5 {
		ping(t, p, s.Addr())
	}
	second := call(within(t), p, s.Addr(), "Test.Hold", "another")
	if at := receive(t, "another slow call", g.entered); at != first {
		t.Fatalf("on connection %s, want %s", at, first)
	}
	close(g.release)
	for _, r := range []result{receive(t, "slow", slow), receive(t, "another", second)} {
		if r.err != nil {
			t.Fatal(r.err)
		}
	}
}

func TestEachServerHasItsOwnSession(t *testing.T) {
	a, b, p := startServer(t), startServer(t), newPool(t, pool.Config{})
	for range 3 {
		ping(t, p, a.Addr())
		ping(t, p, b.Addr())
	}
	if st := p.Stats(); st.Sessions != 2 || st.Dials != 2 {
		t.Fatalf("%+v", st)
	}
	if got := []int64{a.Counts().Accepted, b.Counts().Accepted}; !slices.Equal(got, []int64{1, 1}) {
		t.Fatalf("connections %v", got)
	}
}

func TestAFailedCallLeavesItsReplyZero(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	got := struct{ A int }{7}
	err := p.Call(within(t), s.Addr(), "Echo.Echo", dict{"A": "no number"}, &got)
	failed(t, err, pool.PhaseDecode, pool.MaybeExecuted, nil)
	if got.A != 0 {
		t.Fatalf("reply %+v, want zero", got)
	}
}

func TestACallWhoseContextHasEndedIsNotSent(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := s.Counts().Requests
	for range 50 {
		failed(t, p.Call(ctx, s.Addr(), "Echo.Echo", 1, nil), pool.PhaseFind, pool.NotSent, context.Canceled)
	}
	ping(t, p, s.Addr())
	if n := s.Counts().Requests - before; n != 1 {
		t.Fatalf("%d requests at the server, want that of the ping", n)
	}
}

func TestAFailedCallNamesItsMethodAndServer(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	err := p.Call(within(t), s.Addr(), "No.Such", nil, nil)
	want := "No.Such on " + s.Addr() + ": remote: rpc: can't find service No.Such (rejected)"
	if err == nil || err.Error() != want {
		t.Fatalf("%q\nwant %q", err, want)
	}
	if st := p.Stats(); st.Calls != 1 || st.Failures != 1 {
		t.Fatalf("%+v", st)
	}
}
