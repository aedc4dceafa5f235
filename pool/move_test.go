package pool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// reachable has the server call the node, on the session it knows it by.
func reachable(t *testing.T, s *testutil.Server) {
	t.Helper()
	var got int
	if err := s.CallNode(within(t), "n", "Test.Double", 4, &got); err != nil || got != 8 {
		t.Fatalf("the server's call: %d, %v", got, err)
	}
}

func doubling() pool.Handlers {
	return pool.Handlers{Calls: map[string]pool.CallHandler{"Test.Double": doubles}, Streams: map[string]pool.StreamHandler{"Test.Echo": echoes}}
}

func retain(t *testing.T, p *pool.Pool, addr string) {
	t.Helper()
	if err := p.Retain(within(t), addr); err != nil {
		t.Fatal(err)
	}
}

func TestTheServersWayToTheAgentOutlivesARotation(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	p := newPool(t, pool.Config{TLS: ca.agent(), Handlers: doubling()})
	register(t, p, s)
	for n := range uint64(2) { // until it registers anew, the first session is the way
		if err := p.SetTLS(ca.agent()); err != nil {
			t.Fatal(err)
		}
		await(t, "the session in its place", func() bool { return p.Stats().Dials == n+2 && p.Stats().Sessions == int(n)+2 })
		for range 20 {
			ping(t, p, s.Addr())
			reachable(t, s)
		}
	}
	register(t, p, s)
	reachable(t, s)
}

func TestAServersStreamIsRefusedByResetOnceTheSessionIsDrained(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	held := holdCalls(t, s)
	p := newPool(t, pool.Config{TLS: ca.agent(), Handlers: doubling(), DrainTimeout: time.Millisecond})
	register(t, p, s)
	old := call(within(t), p, s.Addr(), "Test.Hold", "a query")
	receive(t, "the query", held.entered)
	c, err := s.StreamNode(within(t), "n", "Test.Echo")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	if err := p.SetTLS(ca.agent()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatal("the server's stream goes on")
	}
	_ = c.Close()
	for n := range uint64(10) {
		if err := s.CallNode(within(t), "n", "Test.Double", 4, nil); err == nil {
			t.Fatal("answered")
		}
		if got := p.Stats().Refused; got != n+1 {
			t.Fatalf("%d of %d streams refused", got, n+1)
		}
	}
	close(held.release)
	if r := receive(t, "the query", old); r.err != nil || r.reply != "a query" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 })
}

func TestAfterAMoveTheFormerServersSessionGoesOnForWhatIsOnIt(t *testing.T) {
	a, b := startServer(t), startServer(t)
	handleCopies(a)
	held := holdCalls(t, a)
	p := newPool(t, pool.Config{Handlers: doubling()})
	retain(t, p, a.Addr())
	register(t, p, a)
	c := openStream(t, p, a.Addr(), "Test.Copy")
	query := call(within(t), p, a.Addr(), "Test.Hold", "a query")
	receive(t, "the query", held.entered)
	retain(t, p, b.Addr())
	ping(t, p, b.Addr())
	ping(t, p, a.Addr())
	if n := a.Counts().Accepted; n != 2 {
		t.Fatalf("%d connections to the former server, want a new one", n)
	}
	exchangeOn(t, c, "still there")
	reachable(t, a)
	close(held.release)
	if r := receive(t, "the query", query); r.err != nil || r.reply != "a query" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	_ = c.Close()
	reachable(t, a) // nothing of this side is on it any more
}

func TestAfterAMoveTheFormerServersSessionEndsInTime(t *testing.T) {
	a, b := startServer(t), startServer(t)
	handleCopies(a)
	held := holdCalls(t, a)
	downs := make(chan error, 10)
	p := newPool(t, pool.Config{DrainTimeout: time.Millisecond, Down: func(_ string, err error) { downs <- err }})
	retain(t, p, a.Addr())
	c := openStream(t, p, a.Addr(), "Test.Copy")
	query := call(within(t), p, a.Addr(), "Test.Hold", "a query")
	receive(t, "the query", held.entered)
	retain(t, p, b.Addr())
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, pool.ErrDrained) {
		t.Fatalf("%v", err)
	}
	ping(t, p, b.Addr())
	close(held.release) // the call has its own time
	if r := receive(t, "the query", query); r.err != nil || r.reply != "a query" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	await(t, "the former session's end", func() bool { return p.Stats().Sessions == 1 && a.Counts().Open == 0 })
	retain(t, p, a.Addr())
	await(t, "the other's end, which carries nothing", func() bool { return p.Stats().Sessions == 0 })
	ping(t, p, a.Addr())
	select {
	case err := <-downs:
		t.Errorf("down: %v", err)
	default:
	}
}

func TestAMoveBackInTimeFindsTheSessionAsItWas(t *testing.T) {
	a, b := startServer(t), startServer(t)
	handleCopies(a)
	p := newPool(t, pool.Config{Handlers: doubling()})
	retain(t, p, a.Addr())
	register(t, p, a)
	c := openStream(t, p, a.Addr(), "Test.Copy")
	for range 10 {
		retain(t, p, b.Addr())
		ping(t, p, b.Addr())
		retain(t, p, a.Addr())
		ping(t, p, a.Addr())
		exchangeOn(t, c, "still there")
		reachable(t, a)
	}
	if st := p.Stats(); st.Dials != 2 || st.Failures != 0 {
		t.Fatalf("%+v", st)
	}
	_ = c.Close()
	await(t, "the release", func() bool { return inUse(p) == 0 })
	retain(t, p, b.Addr())
	ping(t, p, b.Addr())
	stop(t, p.Stop) // with a session that stays
}
