package proxy_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// readers is servers that take Test.Read and answer it, with their address, once let.
type readers struct {
	at     chan string
	answer map[string]chan struct{}
}

func reads(servers ...*testutil.Server) *readers {
	a := &readers{at: make(chan string, 1000), answer: map[string]chan struct{}{}}
	for _, s := range servers {
		let := make(chan struct{})
		a.answer[s.Addr()] = let
		s.Handle("Test.Read", func(ctx context.Context, _ *testutil.Request) (any, error) {
			a.at <- s.Addr()
			select {
			case <-let:
				return s.Addr(), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	}
	return a
}

// reading is a call of Test.Read in the background, with 20 s: its slices are of 2.5 s.
func reading(t *testing.T, p *proxy.Proxy, class proxy.Class, opts ...proxy.CallOption) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var o outcome
		o.err = p.Call(ctx, "Test.Read", struct{}{}, &o.from, append(options(class), opts...)...)
		done <- o
	}()
	return done
}

// A slow server answers what another one was asked meanwhile: the work it did is not in vain.
func TestACallThatWasAskedElsewhereTakesTheFirstAnswer(t *testing.T) {
	t.Parallel()
	for _, class := range []proxy.Class{proxy.Read, proxy.Idempotent} {
		for first := range 2 {
			t.Run(class.String(), func(t *testing.T) {
				t.Parallel()
				c := startCluster(t, 3)
				a := reads(c.Servers()...)
				p := startProxy(t, proxy.Config{Servers: c.Addrs()})
				front := active(t, p)
				var by messages.Server
				done := reading(t, p, class, proxy.WithAnsweredBy(&by))
				var order []string
				for range 2 {
					select {
					case at := <-a.at:
						order = append(order, at)
					case <-time.After(limit):
						t.Fatalf("asked %v", order)
					}
				}
				close(a.answer[order[first]])
				o := <-done
				if order[0] != front.Addr || order[1] == order[0] || o.err != nil || o.from != order[first] || by.Addr != o.from {
					t.Errorf("asked %v, answered by %v (%v), %v; want number %d", order, o.from, by, o.err, first)
				}
				if active(t, p) != front || p.View().Health(front) == messages.Failed {
					t.Errorf("the slow server was left: %s", picture(p.View()))
				}
			})
		}
	}
}

// An answer counts, whatever another server was asked: one that denies the call ends it.
func TestAnAnswerThatIsAnErrorEndsACallThatIsAskedElsewhere(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	let, came := make(chan struct{}), make(chan struct{}, 100)
	for _, s := range c.Servers() {
		s.Handle("Test.Read", func(ctx context.Context, _ *testutil.Request) (any, error) {
			came <- struct{}{}
			select {
			case <-let:
			case <-ctx.Done():
			}
			return nil, errors.New(testutil.ErrTextPermissionDenied)
		})
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	done := reading(t, p, proxy.Read)
	<-came
	<-came
	close(let)
	if o := <-done; !errors.Is(o.err, pool.ErrPermissionDenied) {
		t.Errorf("%v", o.err)
	}
}

// The server dies that has the call, while another one has it too.
func TestACallThatIsAskedElsewhereOutlivesItsFirstServer(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a := reads(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	done := reading(t, p, proxy.Read)
	first, second := <-a.at, <-a.at
	c.ServerAt(first).Kill()
	eventually(t, "another server in front", func() bool { return active(t, p).Addr != first })
	close(a.answer[second])
	if o := <-done; o.err != nil || o.from != second {
		t.Errorf("answered by %v, %v; want %v", o.from, o.err, second)
	}
}

// The first attempt fails, and the server of the second one is slow.
func TestACallWhoseFirstAttemptFailedLeavesItsSecondOneGoingOn(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a := reads(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	done := reading(t, p, proxy.Read)
	first := <-a.at
	c.ServerAt(first).Kill()
	second, third := <-a.at, <-a.at
	close(a.answer[second])
	if o := <-done; o.err != nil || o.from != second || third == second || len(a.at) > 0 { // it is not asked anew
		t.Errorf("asked %v, %v, %v and %d more, answered by %v, %v", first, second, third, len(a.at), o.from, o.err)
	}
}

func TestACallIsMadeElsewhereOnlyWhereThatDoesNoHarm(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a := reads(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: 5 * time.Second})
	for name, call := range map[string]func(context.Context) error{
		"at most once": func(ctx context.Context) error { return p.Call(ctx, "Test.Read", struct{}{}, nil) },
		"its caller said so long": func(ctx context.Context) error {
			return p.Call(ctx, "Test.Read", struct{}{}, nil, proxy.WithClass(proxy.Read), proxy.WithHoldTime(4*time.Second))
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if n := len(a.at); n > 1 {
			t.Errorf("%s: asked %d servers", name, n)
		}
		for len(a.at) > 0 {
			<-a.at
		}
	}
	// Without a deadline it ends all the same.
	if err := p.Call(endless(t), "Test.Read", struct{}{}, nil); !errors.Is(err, pool.ErrAttemptTimeout) {
		t.Errorf("%v", err)
	}
}

// What ends its goroutine, where arguments are written for another server, ends the caller's.
func TestArgumentsThatEndTheirGoroutineEndTheCallers(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2)
	a := reads(c.Servers()...)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	returned := make(chan bool, 1)
	go func() {
		came := false
		defer func() { returned <- came }()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		t.Log(p.Call(ctx, "Test.Read", &leaving{}, nil, options(proxy.Read)...))
		came = true
	}()
	<-a.at
	if <-returned {
		t.Error("it returned")
	}
	for _, let := range a.answer {
		close(let)
	}
	if err := p.Call(within(t), "Test.Read", struct{}{}, nil); err != nil {
		t.Errorf("another call: %v", err)
	}
}

// leaving is arguments that can be written once, and then end the goroutine that does it.
type leaving struct{ written atomic.Int64 }

func (l *leaving) MarshalBinary() ([]byte, error) {
	if l.written.Add(1) > 1 {
		runtime.Goexit()
	}
	return []byte{1}, nil
}

func (l *leaving) UnmarshalBinary([]byte) error { return nil }

// A request that kills the server that works on it, on a cluster of five: they are not all lost.
func TestARequestThatKillsServersIsNotGivenToAll(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 5)
	var killed atomic.Int64
	for _, s := range c.Servers() {
		s.Handle("Test.Kill", func(ctx context.Context, _ *testutil.Request) (any, error) {
			killed.Add(1)
			go s.Kill()
			<-ctx.Done()
			return nil, ctx.Err()
		})
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), RetryTimeout: 2 * time.Second})
	err := p.Call(endless(t), "Test.Kill", struct{}{}, nil, options(proxy.Read)...)
	if killed.Load() != 2 || !errors.Is(err, proxy.ErrBreaksServers) {
		t.Errorf("%d of 5 servers are dead: %v", killed.Load(), err)
	}
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Errorf("another call: %v", err)
	}
}
