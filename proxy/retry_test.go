package proxy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// carries reports whether a call of the class is sent again.
func (r *retryRow) carries(class proxy.Class) bool {
	return r.rejoins || r.repeats && class != proxy.AtMostOnce
}

// checkError looks at the error of a call whose attempts all met the row.
func (r *retryRow) checkError(t *testing.T, err error, addr string) *proxy.CallError {
	t.Helper()
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok {
		t.Fatalf("%v is a %T", err, err)
	}
	if call.Method != "Echo.Count" || call.Server != addr {
		t.Errorf("it names %s on %s, want Echo.Count on %s", call.Method, call.Server, addr)
	}
	broke := r.warm && r.outcome == pool.MaybeExecuted && call.Phase >= pool.PhaseWrite
	if call.Outcome != r.outcome || call.Phase != r.phase && !(broke && call.Phase < r.phase) {
		t.Errorf("phase %v, outcome %v; want %v, %v: %v", call.Phase, call.Outcome, r.phase, r.outcome, err)
	}
	if r.is != nil && !errors.Is(err, r.is) {
		t.Errorf("the cause %v is not reached in: %v", r.is, err)
	}
	if r.as != nil && !r.as(err) {
		t.Errorf("the cause's type is not reached in: %v", err)
	}
	return call
}

// Another server would answer: the call goes there, or its error is returned.
func TestACallThatMeetsAFailureIsRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	for _, r := range retryRows {
		for _, class := range []proxy.Class{proxy.AtMostOnce, proxy.Idempotent} {
			t.Run(r.name+"/"+class.String(), func(t *testing.T) {
				carries := r.carries(class) || r.passes
				if !r.rotates && carries && !r.passes {
					return // it stays with that server: the next tests
				}
				if r.waits {
					t.Parallel()
				}
				c, s, p := r.begin(t, 3, retries)
				front, view := active(t, p), p.View()
				var got testutil.EchoCount
				err := p.Call(within(t), "Echo.Count", counted{r.name}, &got, options(class)...)
				runs := r.runs
				if carries {
					runs++
					if err != nil || got.Count != runs || got.Server == s.Addr() {
						t.Fatalf("%+v, %v; want another server's answer", got, err)
					}
				} else {
					if call := r.checkError(t, err, s.Addr()); call.Attempts != 1 || got != (testutil.EchoCount{}) {
						t.Errorf("%d attempts, reply %+v", call.Attempts, got)
					}
				}
				if n := c.Executions(r.name); n != runs {
					t.Errorf("executed %d times, want %d", n, runs)
				}
				if r.waits { // the call did not wait for the end of the dial
					eventually(t, "the server is left", func() bool { return active(t, p) != front })
				}
				if rotated := active(t, p) != front; rotated != r.rotates || !r.rotates && !sameOrder(p.View(), view) {
					t.Errorf("rotated: %v, want %v; the view was %s\nand is %s", rotated, r.rotates, picture(view), picture(p.View()))
				}
				if !r.rotates && p.View().Health(front) == messages.Failed {
					t.Errorf("%v is healthy", front)
				}
			})
		}
	}
}

// aloneCall is a call that meets a row where there is no other server.
type aloneCall struct {
	row    *retryRow
	class  proxy.Class
	server *testutil.Server
	proxy  *proxy.Proxy
	end    chan error
}

// start makes the call, which is retried for so long.
func (c *aloneCall) start(ctx context.Context, t *testing.T, retries time.Duration) {
	_, c.server, c.proxy = c.row.begin(t, 1, retries)
	c.end = make(chan error, 1)
	go func() {
		c.end <- c.proxy.Call(ctx, "Echo.Count", counted{c.row.name}, &testutil.EchoCount{}, options(c.class)...)
	}()
}

// There is no other server: what can be tried again is, until time is up. All the
// calls are made at once, because most of them take that long. A call whose first attempt took all
// the time is made again, with more of it.
func TestACallWithoutAnotherServerEndsWithTheLastFailure(t *testing.T) {
	t.Parallel()
	ctx := endless(t)
	var calls []*aloneCall
	for _, r := range retryRows {
		if r.warm {
			continue // what happens to the session happens once
		}
		for _, class := range []proxy.Class{proxy.AtMostOnce, proxy.Idempotent} {
			c := &aloneCall{row: &r, class: class}
			c.start(ctx, t, retries)
			calls = append(calls, c)
		}
	}
	for _, c := range calls {
		t.Run(c.row.name+"/"+c.class.String(), func(t *testing.T) {
			err, carries := <-c.end, c.row.carries(c.class)
			call := c.row.checkError(t, err, c.server.Addr())
			for more := 2 * retries; carries && call.Attempts == 1 && more < far; more *= 2 {
				c.start(ctx, t, more)
				err = <-c.end
				call = c.row.checkError(t, err, c.server.Addr())
			}
			if again := errors.Is(err, proxy.ErrRetriesSpent); again != carries {
				t.Errorf("tried again: %v, want %v: %v", again, carries, err)
			}
			if again := call.Attempts > 1; again != carries {
				t.Errorf("%d attempts: %v", call.Attempts, err)
			}
			if active(t, c.proxy).Addr != c.server.Addr() {
				t.Error("the only server is gone")
			}
		})
	}
}

// After a failure that is not the server's, the call is tried again there, after a pause.
func TestACallStaysWithAServerThatIsNotToBlame(t *testing.T) {
	t.Parallel()
	for text, class := range map[string]proxy.Class{
		testutil.ErrTextForwardRefused("127.0.0.1:1"): proxy.AtMostOnce,
		testutil.ErrTextForwardEOF:                    proxy.Idempotent,
		"rate limit exceeded, try again later":        proxy.AtMostOnce,
		"RPC Error:: 429,slow down":                   proxy.AtMostOnce,
	} {
		t.Run(text, func(t *testing.T) {
			c := startCluster(t, 3)
			p := startProxy(t, proxy.Config{Servers: c.Addrs()})
			view := p.View()
			s := c.ServerAt(active(t, p).Addr)
			s.Inject(testutil.AppError("Echo.Count", text).Times(2))
			var got testutil.EchoCount
			if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got, options(class)...); err != nil {
				t.Fatal(err)
			}
			if got.Server != s.Addr() || got.Count != 1 || s.Counts().Methods["Echo.Count"] != 3 || !sameOrder(p.View(), view) {
				t.Errorf("%+v after %d requests; the view was %s\nand is %s", got,
					s.Counts().Methods["Echo.Count"], picture(view), picture(p.View()))
			}
		})
	}
}

func TestACallGoesOnToAServerThatKnowsALeader(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Inject(testutil.NoLeader())
	var leader string
	if err := p.Call(within(t), "Status.Leader", struct{ Region string }{"global"}, &leader); err != nil || leader != c.Leader() {
		t.Fatalf("%q, %v", leader, err)
	}
	if active(t, p) == front {
		t.Error("the server without a leader stays in front")
	}
}

func TestACallSurvivesTheLeadersDeath(t *testing.T) {
	t.Parallel()
	c, err := testutil.StartCluster(testutil.ClusterConfig{
		Size: 3, ElectionDelay: 300 * time.Millisecond, ForwardErrorWindow: 150 * time.Millisecond,
		Server: testutil.ServerConfig{RPCHoldTimeout: 50 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c.Stop) })
	p := startProxy(t, proxy.Config{Servers: c.Addrs()[1:]}) // the leader is the first
	c.Kill(0)
	var leader string
	if err := p.Call(within(t), "Status.Leader", struct{ Region string }{"global"}, &leader); err != nil || leader == c.Addrs()[0] {
		t.Fatalf("%q, %v", leader, err)
	}
}

// The next call may be under way on that stream before its end is noticed. Then
// it may have been executed, and only a call that bears it is sent again.
func TestAReplyBehindWhichTheStreamEndsIsGood(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	s := c.ServerAt(active(t, p).Addr)
	s.Inject(testutil.HalfClose().Times(1))
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got); err != nil || got.Count != 1 || got.Server != s.Addr() {
		t.Fatalf("%+v, %v", got, err)
	}
	for range 20 {
		if err := p.Call(within(t), "Echo.Count", counted{"b"}, &got, options(proxy.Idempotent)...); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Executions("a"); n != 1 || c.Executions("b") < 20 {
		t.Errorf("executed %d and %d times", n, c.Executions("b"))
	}
}

func TestAnErrorIsWrappedOnceAndNamesCallServerAndPhase(t *testing.T) {
	c := startCluster(t, 1)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	c.Server(0).Inject(testutil.AppError("Echo.Count", "rpc error: rpc error: "+testutil.ErrTextPermissionDenied))
	err := p.Call(within(t), "Echo.Count", counted{"a"}, nil)
	if want := "Echo.Count on " + c.Addrs()[0] + ": remote: Permission denied (rejected)"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if remote, ok := errors.AsType[*pool.RemoteError](err); !ok || remote.Hops != 2 {
		t.Errorf("%+v", remote)
	}
	if _, wrapped := errors.AsType[*proxy.CallError](errors.Unwrap(err)); wrapped {
		t.Errorf("one *CallError inside another: %v", err)
	}
}
