package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// harmful are errors whose methods end whoever calls them.
func harmful() map[string]error {
	var none *testutil.WildError
	circle := new(testutil.WildError)
	circle.Wrapped = func() error { return circle }
	return map[string]error{
		"a nil pointer":    none,
		"Error panics":     &testutil.WildError{Text: func() string { panic("in Error") }},
		"the panic panics": &testutil.WildError{Text: func() string { panic(&testutil.WildError{Text: func() string { panic("in the panic") }}) }},
		"Error exits":      &testutil.WildError{Text: func() string { runtime.Goexit(); return "" }},
		"Is panics":        &testutil.WildError{Matches: func() bool { panic("in Is") }},
		"Is exits":         &testutil.WildError{Matches: func() bool { runtime.Goexit(); return false }},
		"Unwrap panics":    &testutil.WildError{Wrapped: func() error { panic("in Unwrap") }},
		"Unwrap exits":     &testutil.WildError{Wrapped: func() error { runtime.Goexit(); return nil }},
		"it wraps itself":  circle,
		"enormous":         &testutil.WildError{Text: func() string { return strings.Repeat("x", 8<<20) }},
		"joined":           errors.Join(io.EOF, none),
		"in a known one":   fmt.Errorf("%w", error(&testutil.WildError{Matches: func() bool { panic("in Is") }})),
		"in a call's":      &proxy.CallError{Method: "M.M", Err: &pool.DialError{Addr: "a:4647", Err: none}},
		"not filled in":    &net.OpError{Op: "read", Net: "tcp"},
		"nor in a call's":  &pool.DialError{Addr: "a:4647", Err: fmt.Errorf("x: %w", &testutil.WildError{Wrapped: func() error { return &fs.PathError{Op: "open"} }})},
		"in a network's":   &net.OpError{Op: "read", Net: "tcp", Err: circle},
	}
}

// lives fails the test if the owner does not take messages any more.
func lives(t *testing.T, p *proxy.Proxy) {
	t.Helper()
	if err := p.SetBackups(within(t), "z"); err != nil {
		t.Fatalf("the owner has ended: %v", err)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	_ = p.Explain().String()
}

func TestNoErrorOfOthersEndsTheOwner(t *testing.T) {
	for name, bad := range harmful() {
		t.Run(name, func(t *testing.T) {
			log := make(lines, 10_000)
			p := startProxy(t, proxy.Config{
				Servers: []string{"a", "b"}, Logger: zerolog.New(log), Rebalance: calm, RetryTimeout: 50 * time.Millisecond,
				Discoverer: discovering(func(context.Context) ([]string, error) { return nil, bad }),
				Pinger: embedded{
					func(context.Context, string) (time.Duration, error) { return 0, bad },
					func(context.Context, string, string) error { return bad },
				},
			})
			front := active(t, p)
			for _, m := range []messages.Message{
				messages.FailureNotice{Server: front, Err: bad},
				messages.FailureNotice{Server: front, Err: bad, NoQuorum: true},
				messages.FailureNotice{Server: front, Err: bad, Partial: true},
				messages.ProbeDone{Round: 1, Server: front, Err: bad},
				messages.DiscoveryDone{Run: 1, Err: bad},
			} {
				if err := p.Send(within(t), m); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.NotifyFailed(within(t), front, bad); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Rebalance(within(t)); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Ping(within(t), "a"); err == nil || len(err.Error()) > 5<<10 {
				t.Errorf("Ping: %.100v", err)
			}
			err := p.Call(endless(t), "M.M", nil, nil, options(proxy.Read)...)
			if e, ok := errors.AsType[*proxy.CallError](err); !ok || len(e.Error()) > 20<<10 || errors.Is(err, io.ErrNoProgress) {
				t.Errorf("Call: %.100v", err)
			}
			lives(t, p)
			proxy.Written(p)
			if n := log.with(p, "an error's methods"); n > 8 {
				t.Errorf("said %d times", n)
			}
		})
	}
}

func TestAPanicOfTheAgentsCodeIsContainedCountedAndSaidOnce(t *testing.T) {
	for name, harm := range map[string]func(){
		"a panic": func() { panic("boom") }, "Goexit": runtime.Goexit, "an index": func() { _ = []byte("")[len(t.Name())] },
	} {
		t.Run(name, func(t *testing.T) {
			log := make(lines, 10_000)
			cfg := proxy.Config{
				Servers: []string{"a", "b"}, Logger: zerolog.New(log), Rebalance: calm,
				Pinger: pinging(func(context.Context, string) (time.Duration, error) { harm(); return 0, nil }),
			}
			p := startProxy(t, cfg)
			for range 3 {
				if result, err := p.Rebalance(within(t)); err != nil || result.Adopted {
					t.Errorf("%+v, %v", result, err)
				}
			}
			_, err := p.Ping(within(t), "a")
			if e, ok := errors.AsType[*pool.AgentPanicError](err); !ok || e.Text == "" {
				t.Errorf("%v", err)
			}
			lives(t, p)
			if n := p.Stats().Panics; n < 4 {
				t.Errorf("%d panics are counted", n)
			}
			if n := log.with(p, `"in":"Config.Pinger"`); n != 1 {
				t.Errorf("said %d times", n)
			}
		})
	}
}

// carrier is a Pinger whose Call and Stream do what they are told.
type carrier struct {
	pinging
	do func() (net.Conn, error)
}

func (c carrier) Call(context.Context, string, string, any, any) error { _, err := c.do(); return err }

func (c carrier) Stream(context.Context, string, string) (net.Conn, error) { return c.do() }

func TestAPanicOfACallerIsTheErrorOfItsCallAndNoServersFault(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: carrier{upPinger, func() (net.Conn, error) { panic("boom") }}, Rebalance: calm})
	front := active(t, p)
	_, streamed := p.Stream(within(t), "M.M")
	for what, err := range map[string]error{"Call": p.Call(within(t), "M.M", nil, nil, options(proxy.Read)...), "Stream": streamed} {
		e, ok := errors.AsType[*proxy.CallError](err)
		if cause, is := errors.AsType[*pool.AgentPanicError](err); !ok || !is || cause.Text != "boom" || e.Attempts > 1 || e.Outcome != pool.MaybeExecuted {
			t.Errorf("%s: %v", what, err)
		}
	}
	if active(t, p) != front || p.View().Health(front) == messages.Failed {
		t.Errorf("%s", picture(p.View()))
	}
	var none *net.TCPConn
	for _, conn := range []net.Conn{nil, none} {
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, RetryTimeout: time.Millisecond, Pinger: carrier{upPinger, func() (net.Conn, error) { return conn, nil }}})
		if c, err := p.Stream(endless(t), "M.M"); err == nil || c != nil {
			t.Errorf("%v, %v", c, err)
		}
	}
}

func TestTheErrorsOfACallerAreFoundInThoseOfACall(t *testing.T) {
	mine := &testutil.WildError{}
	var cause error
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, RetryTimeout: time.Millisecond, Pinger: carrier{upPinger, func() (net.Conn, error) { return nil, cause }}})
	for _, cause = range []error{mine, fmt.Errorf("x: %w", mine), &proxy.CallError{Phase: pool.PhaseDecode, Err: mine}} {
		err := p.Call(endless(t), "M.M", nil, nil)
		if got, ok := errors.AsType[*testutil.WildError](err); !ok || got != mine || !errors.Is(err, mine) {
			t.Errorf("%v", err)
		}
	}
}

// disguised is a message inside a type of others, whose methods are theirs.
type disguised struct{ messages.Message }

func (disguised) Abandon(error) { panic("in Abandon") }

func TestAMessageInsideAnotherTypeReachesNoOwner(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	for _, m := range []messages.Message{nil, &messages.Recovered{}} {
		if _, ok := errors.AsType[*proxy.MessageError](p.Send(within(t), m)); !ok {
			t.Errorf("%T was taken", m)
		}
	}
	reply := actor.NewReply[error]()
	type embeds struct{ messages.SetServers }
	for _, m := range []messages.Message{
		disguised{},
		disguised{messages.FailureNotice{Server: server(t, "a"), Err: harmful()["Error panics"]}},
		embeds{messages.SetServers{Addrs: []string{"b"}, Reply: reply}},
	} {
		if err := p.Send(within(t), m); err != nil {
			t.Errorf("%T: %v", m, err)
		}
	}
	if _, ok := errors.AsType[*proxy.MessageError](receive(t, "the answer", reply.Chan())); !ok {
		t.Error("it was processed")
	}
	shown(t, p, "a:4647")
	lives(t, p)
	stop(t, p.Stop)
	if err := p.Send(within(t), disguised{}); !errors.Is(err, proxy.ErrStopped) {
		t.Error(err)
	}
}

func TestACallOnTheProxyOfAFailedStartHasAnError(t *testing.T) {
	p, err := proxy.Start(proxy.Config{Servers: []string{"a b"}})
	if p != nil || err == nil {
		t.Fatal(p, err)
	}
	_, streamed := p.Stream(within(t), "M.M")
	for _, err := range []error{p.Call(within(t), "M.M", nil, nil), streamed} {
		if _, ok := errors.AsType[*proxy.CallError](err); !ok || !errors.Is(err, proxy.ErrStopped) {
			t.Errorf("%v", err)
		}
	}
}

// A log's writer that never returns holds up neither messages nor Stop.
func TestALogThatBlocksHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	blocking := writing(func(b []byte) (int, error) { <-release; return len(b), nil })
	defer close(release)
	p, err := proxy.Start(proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Logger: zerolog.New(blocking)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 { // each is a line or more
		if err := p.NotifyFailed(within(t), active(t, p), errDown); err != nil {
			t.Fatal(err)
		}
		if err := p.SetServers(within(t), "a", "b"); err != nil {
			t.Fatal(err)
		}
	}
	ends(t, "Stop", func() { stop(t, p.Stop) })
	if p.Stats().LostLines == 0 {
		t.Error("no line is counted as lost")
	}
}

type writing func(b []byte) (int, error)

func (w writing) Write(b []byte) (int, error) { return w(b) }
