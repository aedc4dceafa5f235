package proxy_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

const reconnectName = "nomad.test."

// twins are two servers on one port, of which the name leads to the first.
type twins struct {
	first, second *testutil.Server
	dns           *dnstest.Server
	name          string // with the port
}

func startTwins(t *testing.T, second testutil.ServerConfig) *twins {
	t.Helper()
	d, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, d.Stop) })
	for range 50 { // until a port is free on both
		hold := 20 * time.Millisecond
		a, err := testutil.StartServer(testutil.ServerConfig{Addr: "127.0.0.1:0", RPCHoldTimeout: hold})
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(a.Addr())
		second.Addr, second.RPCHoldTimeout = "127.0.0.2:"+port, hold
		b, err := testutil.StartServer(second)
		if err != nil {
			stop(t, a.Stop)
			continue
		}
		t.Cleanup(func() { stop(t, a.Stop); stop(t, b.Stop) })
		w := &twins{first: a, second: b, dns: d, name: reconnectName + ":" + port}
		w.leads("127.0.0.1")
		return w
	}
	t.Fatal("no port is free on both")
	return nil
}

func (w *twins) leads(to string) {
	if err := w.dns.Set(reconnectName + " 0 IN A " + to); err != nil {
		panic(err)
	}
}

func (w *twins) agent(t *testing.T) *proxy.Proxy {
	t.Helper()
	return startProxy(t, proxy.Config{
		Servers: []string{w.name}, ProbeTimeout: 10 * time.Second,
		Pool: pool.Config{Resolver: w.dns.Resolver(), DrainTimeout: time.Millisecond},
	})
}

var inGlobal = map[string]any{"Region": "global"}

func TestANameThatHasMovedIsFollowedAtTheNextRound(t *testing.T) {
	for name, spoil := range map[string]func(*testutil.Server){
		"from a server that serves":    func(*testutil.Server) {},
		"from a server without leader": func(s *testutil.Server) { s.Inject(testutil.NoLeader()) },
		"from one of another region's": func(s *testutil.Server) { s.Inject(testutil.AppError("Status.Leader", testutil.ErrTextNoRegionPath)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := startTwins(t, testutil.ServerConfig{})
			p := w.agent(t)
			if err := p.Call(within(t), "Status.Leader", inGlobal, nil); err != nil {
				t.Fatal(err)
			}
			spoil(w.first)
			w.leads("127.0.0.2")
			if _, err := p.Rebalance(within(t)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a session to the new server, and none to the old", func() bool {
				return w.second.Counts().Open == 1 && w.first.Counts().Open == 0
			})
			if err := p.Call(within(t), "Status.Leader", inGlobal, nil); err != nil {
				t.Error(err)
			}
			if n := w.second.Counts().Accepted; n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestANameThatHasMovedToAServerThatIsNoBetterIsNotFollowed(t *testing.T) {
	for name, spoil := range map[string]func(*testutil.Server){
		"no leader":      func(s *testutil.Server) { s.Inject(testutil.NoLeader()) },
		"another region": func(s *testutil.Server) { s.Inject(testutil.AppError("Status.Leader", testutil.ErrTextNoRegionPath)) },
		"names none": func(s *testutil.Server) {
			s.Handle("Status.Leader", func(context.Context, *testutil.Request) (any, error) { return "", nil })
		},
		"hangs up": func(s *testutil.Server) { s.Inject(testutil.DropAfterRead()) },
		"is down":  (*testutil.Server).Refuse,
	} {
		t.Run(name, func(t *testing.T) {
			w := startTwins(t, testutil.ServerConfig{})
			p := w.agent(t)
			if _, err := p.Ping(within(t), w.name); err != nil {
				t.Fatal(err)
			}
			spoil(w.second)
			w.leads("127.0.0.2")
			for range 2 {
				if _, err := p.Rebalance(within(t)); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the attempt", func() bool { return p.Stats().Dials >= 2 })
			eventually(t, "its end", func() bool { return w.second.Counts().Open == 0 && p.Stats().DialFailures >= 1 })
			if err := p.Call(within(t), "Status.Leader", inGlobal, nil); err != nil || w.first.Counts().Open != 1 || w.first.Counts().Accepted != 1 {
				t.Errorf("%v, %+v", err, w.first.Counts())
			}
			if s := active(t, p); p.View().Health(s) != messages.Alive {
				t.Errorf("the server is held for %v", p.View().Health(s))
			}
		})
	}
}

func TestANameThatHasNotMovedCostsARoundNoConnection(t *testing.T) {
	w := startTwins(t, testutil.ServerConfig{})
	if err := w.dns.Set(reconnectName+" 0 IN A 127.0.0.2", reconnectName+" 0 IN A 127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	p := w.agent(t)
	for range 20 {
		if _, err := p.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	if st := p.Stats(); st.Dials != 1 {
		t.Errorf("%+v", st)
	}
}

// A server of which nothing is known but that it does not serve the question is no worse
// for it: other versions may not know the method.
func TestAnAnswerWithoutALeaderIsNoReproach(t *testing.T) {
	for _, text := range []string{testutil.ErrTextPermissionDenied, "rpc: can't find method Status.Leader"} {
		w := startTwins(t, testutil.ServerConfig{})
		p := w.agent(t)
		if _, err := p.Ping(within(t), w.name); err != nil {
			t.Fatal(err)
		}
		w.second.Inject(testutil.AppError("Status.Leader", text))
		w.leads("127.0.0.2")
		if _, err := p.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
		eventually(t, text, func() bool { return w.second.Counts().Open == 1 && w.first.Counts().Open == 0 })
	}
}

// balance starts a balancer in front of servers that the test sets for each connection.
func balance(t *testing.T, to func(n int64) string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	var n atomic.Int64
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", to(n.Add(1)))
			if err != nil {
				_ = c.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = c.Close(); _ = back.Close() })
			go splice(c, back)
			go splice(back, c)
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		end()
		<-done
	})
	return ln.Addr().String()
}

func splice(to, from net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if _, failed := to.Write(b[:n]); err != nil || failed != nil {
			_, _ = to.Close(), from.Close()
			return
		}
	}
}

// One address, and behind it sometimes another server: the agent's own is cut off from
// its cluster, every other one is not.
func TestABalancersOtherServerIsFoundWhenTheOneAtHandStaysLeaderless(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for longer than an election takes")
	}
	t.Parallel()
	bad, good := startCluster(t, 1).Server(0), startCluster(t, 1).Server(0)
	bad.Inject(testutil.NoLeader())
	addr := balance(t, func(n int64) string {
		if n < 3 {
			return bad.Addr()
		}
		return good.Addr()
	})
	p := startProxy(t, proxy.Config{Servers: []string{addr}, ProbeTimeout: 10 * time.Second, Pool: pool.Config{DrainTimeout: time.Millisecond}})
	late, stop := context.WithTimeout(context.Background(), 4*time.Minute)
	defer stop()
	began := time.Now()
	for {
		ctx, cancel := context.WithTimeout(late, 5*time.Second)
		err := p.Call(ctx, "Status.Leader", inGlobal, nil)
		cancel()
		if err == nil {
			break
		}
		if late.Err() != nil || !errors.Is(err, pool.ErrNoLeader) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
	}
	if took := time.Since(began); took < 20*time.Second { // by the clock that the proxy goes by, whether it is run or not
		t.Errorf("after %v: an election would have caused it as well", took)
	}
	if n := bad.Counts().Accepted; n != 2 {
		t.Errorf("%d connections to the bad one", n)
	}
	awaitView(t, p, "the server believed well", func(v *messages.View) bool {
		s, some := v.Active()
		return some && v.Health(s) == messages.Alive
	})
}
