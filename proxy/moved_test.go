package proxy_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// move has another server come in front, and answers it.
func move(t testing.TB, p *proxy.Proxy) messages.Server {
	t.Helper()
	before := active(t, p)
	for range 1000 {
		if _, err := p.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
		if active(t, p) != before {
			return active(t, p)
		}
	}
	t.Fatal("no round brings another server to the front")
	return before
}

// query is the arguments of a blocking query, as they came.
type query struct {
	MinQueryIndex uint64
	MaxQueryTime  time.Duration
}

// arrival is a query that a server holds.
type arrival struct {
	query
	at string
}

// holding is servers that hold Test.Query until release is closed.
type holding struct {
	arrivals chan arrival
	release  chan struct{}
	answers  atomic.Int64 // that were sent before their client had left
}

func holdQueries(servers ...*testutil.Server) *holding {
	h := &holding{arrivals: make(chan arrival, 1000), release: make(chan struct{})}
	for _, s := range servers {
		s.Handle("Test.Query", func(ctx context.Context, r *testutil.Request) (any, error) {
			a := arrival{at: s.Addr()}
			if err := r.Decode(&a.query); err != nil {
				return nil, err
			}
			h.arrivals <- a
			select {
			case <-h.release:
				h.answers.Add(1)
				return a.at, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	}
	return h
}

// next is the next query that arrives.
func (h *holding) next(t *testing.T) arrival {
	t.Helper()
	select {
	case a := <-h.arrivals:
		return a
	case <-time.After(limit):
		t.Fatalf("no query came within %v", limit)
		panic("unreachable")
	}
}

// outcome is how a query in the background ended.
type outcome struct {
	from string
	err  error
}

// ask makes a blocking query in the background.
func ask(ctx context.Context, p *proxy.Proxy, q query, opts ...proxy.CallOption) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		o.err = p.Call(ctx, "Test.Query", q, &o.from, opts...)
		done <- o
	}()
	return done
}

func ended(t *testing.T, done <-chan outcome) outcome {
	t.Helper()
	select {
	case o := <-done:
		return o
	case <-time.After(limit):
		t.Fatalf("the query has not ended within %v", limit)
		panic("unreachable")
	}
}

func TestABlockingReadFollowsTheServerInFront(t *testing.T) {
	const moves = 30
	c := startCluster(t, 3)
	h := holdQueries(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), ProbeStagger: far})
	done := ask(within(t), p, query{1, time.Hour}, options(proxy.Read)...)
	front := h.next(t)
	if front.at != active(t, p).Addr || front.MaxQueryTime != time.Hour {
		t.Fatalf("%+v", front)
	}
	for n := range uint64(moves) {
		to := move(t, p)
		a := h.next(t)
		if a.at != to.Addr {
			t.Fatalf("move %d: the query is on %v, want %v", n, a.at, to)
		}
		if a.MaxQueryTime <= 0 || a.MaxQueryTime >= front.MaxQueryTime {
			t.Fatalf("move %d: it asks for %v after %v", n, a.MaxQueryTime, front.MaxQueryTime)
		}
		if front = a; p.Stats().Moved != n+1 {
			t.Fatalf("move %d: %+v", n, p.Stats())
		}
	}
	for r := range p.View().Ranking() {
		if r.Health == messages.Failed {
			t.Errorf("%v counts as failed", r.Server)
		}
	}
	close(h.release)
	if o := ended(t, done); o.err != nil || o.from != front.at {
		t.Fatalf("answered by %v, %v; want %v", o.from, o.err, front.at)
	}
	if st := p.Stats(); st.Failures != 0 || st.Dials != 3 || proxy.Tokens(p) != proxy.AllTokens || len(h.arrivals) != 0 {
		t.Fatalf("%d tokens, %+v", proxy.Tokens(p), st)
	}
}

// Moving is for reads that wait: whatever else is on a session runs to its end there.
func TestOnlyABlockingReadMoves(t *testing.T) {
	for name, c := range map[string]struct {
		query
		class proxy.Class
	}{
		"a blocking call that may act":   {query{1, time.Hour}, proxy.AtMostOnce},
		"a blocking call that may again": {query{1, time.Hour}, proxy.Idempotent},
		"a read that does not block":     {query{0, time.Hour}, proxy.Read},
	} {
		t.Run(name, func(t *testing.T) {
			cl := startCluster(t, 2)
			h := holdQueries(cl.Servers()...)
			p := startProxy(t, proxy.Config{Servers: cl.Addrs(), Pool: pool.Config{DrainTimeout: 1}})
			done := ask(within(t), p, c.query, options(c.class)...)
			first := h.next(t)
			for range 5 {
				move(t, p)
				if err := p.Call(within(t), "Status.Ping", nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			close(h.release)
			if o := ended(t, done); o.err != nil || o.from != first.at || len(h.arrivals) != 0 || p.Stats().Moved != 0 {
				t.Fatalf("answered by %v, %v; want %v; %+v", o.from, o.err, first.at, p.Stats())
			}
		})
	}
}

func TestABlockingReadLeavesAServerThatIsLeaving(t *testing.T) {
	c := startCluster(t, 3)
	h := holdQueries(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), ProbeStagger: far})
	done := ask(within(t), p, query{1, time.Hour}, options(proxy.Read)...)
	first := h.next(t)
	c.ServerAt(first.at).GoAway()
	if a := h.next(t); a.at == first.at {
		t.Fatalf("it is on %v again", a.at)
	}
	close(h.release)
	if o := ended(t, done); o.err != nil || o.from == first.at {
		t.Fatalf("answered by %v, %v", o.from, o.err)
	}
}

// A server that says farewell on each session, and is the only one, is not asked
// without a pause.
func TestABlockingReadDoesNotMoveInALoop(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	h := holdQueries(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: limit})
	done := ask(within(t), p, query{1, time.Hour}, options(proxy.Read)...)
	const farewells = 5
	for range farewells {
		h.next(t)
		c.Server(0).GoAway()
	}
	h.next(t)
	close(h.release)
	if o := ended(t, done); o.err != nil {
		t.Fatal(o.err)
	}
	if spent := proxy.AllTokens - proxy.Tokens(p); spent < (farewells-1)*1000 {
		t.Fatalf("%d tokens were spent on %d farewells", spent, farewells)
	}
}

func TestABlockingReadGoesOnWithoutAServerInFront(t *testing.T) {
	c := startCluster(t, 2)
	h := holdQueries(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()[:1]})
	done := ask(within(t), p, query{1, time.Hour}, options(proxy.Read)...)
	first := h.next(t)
	if _, err := p.Remove(within(t), server(t, first.at)); err != nil {
		t.Fatal(err)
	}
	if p.NumServers() != 0 {
		t.Fatalf("%d servers: the test shows nothing", p.NumServers())
	}
	if _, err := p.AddPrimary(within(t), first.at); err != nil { // the same again: nothing to move to
		t.Fatal(err)
	}
	if err := p.Call(within(t), "Status.Ping", nil, nil); err != nil {
		t.Fatal(err)
	}
	if n := p.Stats().Moved; n != 0 || len(h.arrivals) != 0 {
		t.Fatalf("it moved %d times", n)
	}
	if _, err := p.Remove(within(t), server(t, first.at)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.AddPrimary(within(t), c.Addrs()[1]); err != nil {
		t.Fatal(err)
	}
	if a := h.next(t); a.at != c.Addrs()[1] {
		t.Fatalf("it is on %v", a.at)
	}
	close(h.release)
	if o := ended(t, done); o.err != nil || o.from != c.Addrs()[1] {
		t.Fatalf("answered by %v, %v", o.from, o.err)
	}
}

func TestABlockingReadIsMadeAgainWithNewCredentials(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	issued := func() *pool.TLSConfig {
		id, err := ca.Client("global")
		if err != nil {
			t.Fatal(err)
		}
		return &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}
	}
	id, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	s, err := testutil.StartServer(testutil.ServerConfig{TLS: ca.ServerTLS(id, "global")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s.Stop) })
	h := holdQueries(s)
	p := startProxy(t, proxy.Config{Servers: []string{s.Addr()}, Pool: pool.Config{TLS: issued()}})
	done := ask(within(t), p, query{1, time.Hour}, options(proxy.Read)...)
	h.next(t)
	for n := range uint64(5) {
		if err := p.SetTLS(within(t), issued()); err != nil {
			t.Fatal(err)
		}
		h.next(t)
		if st := p.Stats(); st.Moved != n+1 || st.Failures != 0 {
			t.Fatalf("%+v", st)
		}
	}
	close(h.release)
	if o := ended(t, done); o.err != nil || proxy.Tokens(p) != proxy.AllTokens {
		t.Fatalf("%v, %d tokens", o.err, proxy.Tokens(p))
	}
}
