package pool_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// reachable has the server call the node, on the session it knows it by.
func reachable(t *testing.T, s *testutil.Server) {
	t.Helper()
	var got int
	if err := s.CallNode(within(t), "n1", "Test.Double", 4, &got); err != nil || got != 8 {
		t.Fatalf("the server's call: %d, %v", got, err)
	}
}

func doubling() pool.Handlers {
	return pool.Handlers{Calls: map[string]pool.CallHandler{"Test.Double": doubles}, Streams: map[string]pool.StreamHandler{"Test.Echo": echoes}}
}

func retain(t *testing.T, p *pool.Pool, addr string) {
	t.Helper()
	noError(t, pool.Control(p).Retain(within(t), addr))
}

func TestTheServersWayToTheAgentOutlivesARotation(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	p := newPool(t, pool.Config{TLS: ca.agent(), Handlers: doubling()})
	register(t, p, s)
	for n := range uint64(2) { // until it registers anew, the first session is the way
		noError(t, p.SetTLS(t.Context(), ca.agent()))
		await(t, "the session in its place", func() bool { return p.Stats().Dials == n+2 && p.Stats().Sessions == int(n)+2 })
		for range 20 {
			ping(t, p, s.Addr())
			reachable(t, s)
		}
	}
	register(t, p, s)
	reachable(t, s)
}

// onBothSides is what a session carries: a stream of the agent's and one of the
// server's.
type onBothSides struct {
	server *testutil.Server
	out    net.Conn // opened by the agent
	back   net.Conn // opened by the server
}

// occupy registers with s and opens a stream from each side.
func occupy(t *testing.T, p *pool.Pool, s *testutil.Server) onBothSides {
	t.Helper()
	handleCopies(s)
	register(t, p, s)
	back, err := s.StreamNode(within(t), "n1", "Test.Echo")
	noError(t, err)
	t.Cleanup(func() { _ = back.Close() })
	_ = back.SetDeadline(time.Now().Add(patience))
	return onBothSides{s, openStream(t, p, s.Addr(), "Test.Copy"), back}
}

// live looks whether both streams go on, both ways, and whether the server reaches
// the agent.
func (o onBothSides) live(t *testing.T) {
	t.Helper()
	exchangeOn(t, o.out, "still there")
	exchangeOn(t, o.back, "and back")
	reachable(t, o.server)
}

func (o onBothSides) close() { _, _ = o.out.Close(), o.back.Close() }

// cut waits for the end of both streams.
func (o onBothSides) cut(t *testing.T, why error) {
	t.Helper()
	if _, err := o.out.Read(make([]byte, 1)); !errors.Is(err, why) {
		t.Fatalf("%v, want %v", err, why)
	}
	if _, err := o.back.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the server's stream: %v", err)
	}
}

func TestMovesCutNothingAndMakeNoSecondSession(t *testing.T) {
	a, b := startServer(t), startServer(t)
	held := holdCalls(t, a)
	downs := make(chan error, 10)
	p := newPool(t, pool.Config{Handlers: doubling(), DrainTimeout: time.Millisecond}, poolhooks.Hooks{Down: func(_ string, err error) { downs <- err }})
	retain(t, p, a.Addr())
	onA := occupy(t, p, a)
	query := call(within(t), p, a.Addr(), "Test.Hold", "a query")
	receive(t, "the query", held.entered)
	retain(t, p, b.Addr())
	onB := occupy(t, p, b)
	for range 20 {
		for _, s := range []*testutil.Server{a, b} {
			retain(t, p, s.Addr())
			ping(t, p, a.Addr()) // a call, or a probe, to whichever
			ping(t, p, b.Addr())
			onA.live(t)
			onB.live(t)
		}
	}
	if st := p.Stats(); st.Dials != 2 || st.Failures != 0 || a.Counts().Accepted != 1 || b.Counts().Accepted != 1 {
		t.Fatalf("%+v", st)
	}
	close(held.release)
	if r := receive(t, "the query", query); r.err != nil || r.reply != "a query" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	onA.live(t)
	onA.close()
	await(t, "the end of the session that was left", func() bool { return p.Stats().Sessions == 1 && a.Counts().Open == 0 })
	onB.live(t)
	ping(t, p, a.Addr()) // on a new one
	select {
	case err := <-downs:
		t.Errorf("down: %v", err)
	default:
	}
	stop(t, p.Stop) // with streams on it
}

func TestAServerThatWasLeftReachesTheAgentForTheTimeToDrain(t *testing.T) {
	t.Parallel()
	a, b := startServer(t), startServer(t)
	p := newPool(t, pool.Config{Handlers: doubling(), DrainTimeout: 1}) // far away, by the TTL
	noError(t, pool.Control(p).HeartbeatTTL(within(t), time.Hour))
	retain(t, p, a.Addr())
	register(t, p, a)
	retain(t, p, b.Addr())
	ping(t, p, b.Addr())
	for range 20 {
		reachable(t, a)
	}
	noError(t, pool.Control(p).HeartbeatTTL(within(t), 0))
	await(t, "its end", func() bool { return p.Stats().Sessions == 1 && a.Counts().Open == 0 })
}

// movable makes a call in the background that ends with what can move it.
func movable(t *testing.T, p *pool.Pool, addr string, moved <-chan struct{}) <-chan error {
	ctx, done := within(t), make(chan error, 1)
	go func() {
		done <- p.Do(ctx, addr, &pool.Request{Method: "Test.Hold", Args: "a query", Block: time.Minute, Moved: moved})
	}()
	return done
}

func TestAMovableCallEndsWhenItIsToBeMadeElsewhere(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		moves func(p *pool.Pool, s *testutil.Server, moved chan struct{}) error
		cause error
		dials uint64
	}{
		"Moved is closed": {func(_ *pool.Pool, _ *testutil.Server, moved chan struct{}) error {
			close(moved)
			return nil
		}, pool.ErrMoved, 1},
		"other credentials": {func(p *pool.Pool, _ *testutil.Server, _ chan struct{}) error {
			return p.SetTLS(t.Context(), ca.agent())
		}, pool.ErrRenewed, 2},
		"its server is leaving": {func(_ *pool.Pool, s *testutil.Server, _ chan struct{}) error {
			s.GoAway()
			return nil
		}, pool.ErrLeaving, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := ca.server()
			held := holdCalls(t, s)
			p := newPool(t, pool.Config{TLS: ca.agent()})
			retain(t, p, s.Addr())
			moved := make(chan struct{})
			query := movable(t, p, s.Addr(), moved)
			receive(t, "the query", held.entered)
			other := call(within(t), p, s.Addr(), "Test.Hold", "not to be moved")
			receive(t, "the other call", held.entered)
			noError(t, c.moves(p, s, moved))
			err := receive(t, "the query's end", query)
			lost(t, err, pool.ErrMoved)
			if !errors.Is(err, c.cause) {
				t.Fatalf("%v, want %v beside it", err, c.cause)
			}
			if st := p.Stats(); st.Moved != 1 || st.Failures != 0 {
				t.Fatalf("%+v", st)
			}
			// The session is as good as before, also when the answer comes that no caller
			// waits for.
			ping(t, p, s.Addr())
			close(held.release)
			if r := receive(t, "the other call", other); r.err != nil || r.reply != "not to be moved" {
				t.Fatalf("%v, %v", r.reply, r.err)
			}
			for range 20 {
				ping(t, p, s.Addr())
			}
			await(t, "the count", func() bool { return inUse(p) == 0 })
			if st := p.Stats(); st.Dials-c.dials > 1 || st.Failures != 0 {
				t.Fatalf("%+v", st)
			}
		})
	}
}

// A call that is to be made elsewhere before it was sent does no harm.
func TestACallThatIsMovedBeforeItBeginsLeavesTheSessionAsItWas(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	held := holdCalls(t, s)
	close(held.release)
	moved := make(chan struct{})
	close(moved)
	for range 200 {
		if err := receive(t, "the query", movable(t, p, s.Addr(), moved)); err != nil && !errors.Is(err, pool.ErrMoved) {
			t.Fatal(err) // it may be answered: the server is quick
		}
		ping(t, p, s.Addr())
	}
	await(t, "the count", func() bool { return inUse(p) == 0 })
	if st := p.Stats(); st.Dials != 1 || st.Failures != 0 {
		t.Fatalf("%+v", st)
	}
}
