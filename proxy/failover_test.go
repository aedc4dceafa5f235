package proxy_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

type echo struct{ Text string }

func TestACallReachesAServer(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	var got echo
	if err := p.Call(within(t), "Echo.Echo", echo{"hello"}, &got); err != nil || got.Text != "hello" {
		t.Fatalf("got %q, %v", got.Text, err)
	}
}

func TestAKilledServerIsLeftAndNoCallIsLost(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	ctx, finish := context.WithCancel(t.Context())
	defer finish()
	var answered atomic.Int64
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			for ctx.Err() == nil {
				var got echo
				err := p.Call(ctx, "Echo.Echo", echo{"x"}, &got, proxy.WithClass(proxy.Idempotent))
				switch {
				case err == nil && got.Text == "x":
					answered.Add(1)
				case ctx.Err() == nil:
					t.Errorf("lost a call: %q, %v", got.Text, err)
					return
				}
			}
		})
	}
	goOn := func(what string) {
		t.Helper()
		from := answered.Load()
		eventually(t, what, func() bool { return answered.Load() >= from+200 || t.Failed() })
	}
	for range 6 {
		goOn("200 calls")
		front := active(t, p)
		s := c.ServerAt(front.Addr)
		s.Kill()
		goOn("200 calls without " + front.Addr)
		if active(t, p) == front {
			t.Errorf("%v is dead and still in front", front)
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	finish()
	callers.Wait()
}

func TestARefusedDialGoesToTheNextServerAndRunsOnce(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Kill()
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got); err != nil {
		t.Fatal(err)
	}
	if got.Count != 1 || active(t, p) == front {
		t.Fatalf("%+v, active %v", got, active(t, p))
	}
}

// The times are the defaults: a second of silence, then two for a ping.
func TestAFrozenServerIsLeftInAboutThreeSeconds(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{SilenceLimit: time.Second, PingTimeout: 2 * time.Second}})
	var got echo
	if err := p.Call(within(t), "Echo.Echo", echo{"warm"}, &got); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Freeze()
	defer c.ServerAt(front.Addr).Thaw()
	begin, watch := time.Now(), testutil.StartStopwatch(t)
	if err := p.Call(within(t), "Echo.Echo", echo{"x"}, &got, proxy.WithClass(proxy.Idempotent)); err != nil {
		t.Fatal(err)
	}
	if took, ran := time.Since(begin), watch.Elapsed(); took < time.Second || ran > 6*time.Second {
		t.Errorf("left after %v, of which %v were run, want about 3s", took, ran)
	}
	if active(t, p) == front {
		t.Fatal("still in front")
	}
}

func TestACallReportsTheServerThatAnsweredIt(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Kill()
	var from messages.Server
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&from)); err != nil {
		t.Fatal(err)
	}
	if from == front || from != active(t, p) {
		t.Fatalf("answered by %v, in front was %v and is %v", from, front, active(t, p))
	}
}

func TestAServerThatDiesWithoutCallsIsLeftBeforeTheNextCall(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Kill()
	for view := range p.Watch(within(t)) {
		if now, _ := view.Active(); now != front {
			break
		}
	}
	if now := active(t, p); now == front {
		t.Fatalf("%v is still in front", front)
	}
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	if st := p.Stats(); st.Failures != 0 {
		t.Fatalf("a call met the dead server: %+v", st)
	}
}

// The times are the defaults; a call may be blocked for far longer than this waits.
func TestAServerThatFallsSilentAfterItsGoAwayIsLeftLikeAnyOther(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	entered := make(chan string, 3)
	for _, s := range c.Servers() {
		at := s.Addr()
		s.Handle("Test.Hold", func(ctx context.Context, _ *testutil.Request) (any, error) {
			entered <- at
			if len(entered) > 1 {
				return at, nil // the second one
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
	}
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs(), ProbeTimeout: 3 * time.Second,
		Pool: pool.Config{SilenceLimit: time.Second, PingTimeout: 2 * time.Second, DialTimeout: 2 * time.Second},
	})
	front := active(t, p)
	done := make(chan error, 1)
	var from string
	go func() { done <- p.Call(within(t), "Test.Hold", nil, &from, proxy.WithClass(proxy.Read)) }()
	eventually(t, "the call", func() bool { return len(entered) == 1 })
	s := c.ServerAt(front.Addr)
	s.GoAway()
	eventually(t, "the next server", func() bool { return active(t, p) != front })
	s.Freeze()
	defer s.Thaw()
	ends(t, "the call", func() {
		if err := <-done; err != nil || from == "" || from == front.Addr {
			t.Errorf("answered by %q, %v", from, err)
		}
	})
}

func TestAfterAMoveTheFormerSessionLivesForTheStreamThatIsOnIt(t *testing.T) {
	c := startCluster(t, 2)
	for _, s := range c.Servers() {
		s.HandleStream("Test.Follow", func(_ context.Context, c net.Conn) error { _, err := io.Copy(c, c); return err })
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{DrainTimeout: time.Millisecond}})
	if err := p.Call(within(t), "Status.Ping", nil, nil); err != nil {
		t.Fatal(err)
	}
	st, err := p.Stream(within(t), "Test.Follow")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	front := active(t, p)
	if err := p.NotifyFailed(within(t), front, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next server", func() bool { return active(t, p) != front })
	_ = st.SetDeadline(time.Now().Add(limit))
	for range 100 {
		if err := p.Call(within(t), "Status.Ping", nil, nil); err != nil {
			t.Fatal(err)
		}
		line := []byte("a line")
		if _, err := st.Write(line); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(st, line); err != nil || string(line) != "a line" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	_ = st.Close()
	eventually(t, "its end", func() bool { return c.ServerAt(front.Addr).Counts().Open == 0 })
}
