package otel_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/otel"
	"github.com/open-nomad/rpcproxy/testutil"
)

// one is the only span of a name.
func one(t *testing.T, seen *telemetry, name string) tracetest.SpanStub {
	t.Helper()
	found := seen.named(name)
	if len(found) != 1 {
		t.Fatalf("%d spans %q of %+v", len(found), name, seen.spans.GetSpans())
	}
	return found[0]
}

// events is the events of a name, their attributes as text.
func events(s tracetest.SpanStub, name string) (found []map[string]string) {
	for _, e := range s.Events {
		if e.Name == name {
			found = append(found, values(e.Attributes))
		}
	}
	return found
}

// parts is the host and the port of an address.
func parts(t *testing.T, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// has checks attributes.
func has(t *testing.T, what string, got map[string]string, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if v, found := got[key]; v != value || !found {
			t.Errorf("%s: %s is %q, not %q, in %v", what, key, v, value, got)
		}
	}
}

// A server is killed while a call runs on it. The trace that an exporter gets has both attempts,
// and the move between them.
func TestATraceOfAFailoverHasBothAttemptsAndTheMove(t *testing.T) {
	p, c, seen := start(t, 3, nil)
	first, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{}, 1)
	for _, s := range c.Servers() {
		s.Handle("Test.Read", func(ctx context.Context, _ *testutil.Request) (any, error) {
			if s.Addr() == first.Addr {
				entered <- struct{}{}
				<-ctx.Done()
			}
			return "done", ctx.Err()
		})
	}
	ctx, outer := seen.tracers.Tracer("agent").Start(within(t), "work of the agent")
	done := make(chan error, 1)
	var by messages.Server
	go func() {
		done <- p.Call(ctx, "Test.Read", struct{}{}, nil, proxy.WithClass(proxy.Read), proxy.WithAnsweredBy(&by))
	}()
	<-entered
	c.ServerAt(first.Addr).Kill()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	outer.End()
	told(t, p)

	span := one(t, seen, "Test.Read")
	host, port := parts(t, by.Addr)
	has(t, "the span", values(span.Attributes), map[string]string{
		"rpc.system.name": "nomad", "rpc.method": "Test.Read", "server.address": host, "server.port": port,
		"rpcproxy.call.attempts": "2", "rpcproxy.call.outcome": "answered", "rpcproxy.call.class": "read",
		"rpcproxy.call.stream": "false", "rpcproxy.call.tenant": "false",
	})
	if _, found := values(span.Attributes)["error.type"]; found || span.Status.Code != codes.Unset || span.SpanKind != trace.SpanKindClient {
		t.Errorf("%v, %v, %v", span.Attributes, span.Status, span.SpanKind)
	}
	if span.Parent.SpanID() != outer.SpanContext().SpanID() || span.SpanContext.TraceID() != outer.SpanContext().TraceID() {
		t.Errorf("its parent is %v, not that of the caller", span.Parent)
	}
	attempts := events(span, "rpcproxy.attempt")
	if len(attempts) != 2 {
		t.Fatalf("%d attempts: %v", len(attempts), attempts)
	}
	firstHost, firstPort := parts(t, first.Addr)
	has(t, "the first attempt", attempts[0], map[string]string{
		"rpcproxy.attempt.number": "1", "server.address": firstHost, "server.port": firstPort,
		"rpcproxy.attempt.phase": "wait", "rpcproxy.attempt.outcome": "maybe_executed", "error.type": "connection_lost",
	})
	if attempts[0]["rpcproxy.attempt.error"] == "" {
		t.Error("it has no error's text")
	}
	has(t, "the second attempt", attempts[1], map[string]string{
		"rpcproxy.attempt.number": "2", "server.address": host, "server.port": port,
		"rpcproxy.attempt.phase": "decode", "rpcproxy.attempt.outcome": "answered",
	})
	for _, key := range []string{"rpcproxy.attempt.pause", "rpcproxy.attempt.duration"} {
		if attempts[1][key] == "" {
			t.Errorf("it has no %s", key)
		}
	}
	moves := events(span, "rpcproxy.move")
	if len(moves) == 0 {
		t.Fatalf("no move among %v", span.Events)
	}
	move := map[string]string{"rpcproxy.move.from": first.Addr, "rpcproxy.move.reason": "connection_lost", "rpcproxy.move.failover": "true"}
	has(t, "the move", moves[0], move)

	own := seen.named("rpcproxy.move")
	if len(own) == 0 {
		t.Fatal("the move has no span of its own")
	}
	has(t, "its span", values(own[0].Attributes), move)
	if own[0].Parent.IsValid() || own[0].EndTime.Before(own[0].StartTime) {
		t.Errorf("%+v", own[0])
	}
}

// The attempts of a hedged call overlap, and end in two goroutines.
func TestASpanHasTheAttemptsOfAHedgedCall(t *testing.T) {
	p, c, seen := start(t, 2, nil)
	slow, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Servers() {
		s.Handle("Test.Read", func(ctx context.Context, _ *testutil.Request) (any, error) {
			if s.Addr() == slow.Addr {
				<-ctx.Done()
			}
			return "done", ctx.Err()
		})
	}
	if err := p.Call(within(t), "Test.Read", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
		t.Fatal(err)
	}
	span := one(t, seen, "Test.Read")
	numbers := map[string]bool{}
	for _, a := range events(span, "rpcproxy.attempt") {
		numbers[a["rpcproxy.attempt.number"]+a["rpcproxy.attempt.outcome"]] = true
	}
	if len(numbers) != 2 || !numbers["2answered"] {
		t.Errorf("%v", span.Events)
	}
}

func TestAStreamAndACallOfATenantAreSpans(t *testing.T) {
	p, c, seen := start(t, 1, nil)
	conn, err := p.Stream(within(t), "Echo.Stream")
	if err == nil {
		_ = conn.Close()
	}
	stream := seen.spans.GetSpans()[0]
	has(t, "the stream", values(stream.Attributes), map[string]string{"rpcproxy.call.stream": "true", "rpcproxy.call.class": "read"})
	tenant, err := p.NewTenant(pool.Handlers{})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, tenant.Stop)
	if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	has(t, "the call", values(one(t, seen, "Status.Ping").Attributes), map[string]string{"rpcproxy.call.tenant": "true"})

	c.Server(0).Inject(testutil.AppError("Job.Register", "RPC Error:: 404,no such job"))
	if err := p.Call(within(t), "Job.Register", struct{}{}, nil); err == nil {
		t.Fatal("it did not fail")
	}
	refused := one(t, seen, "Job.Register")
	has(t, "the refusal", values(refused.Attributes), map[string]string{"error.type": "remote", "rpc.response.status_code": "404"})
	if refused.Status.Code != codes.Error || refused.Status.Description == "" {
		t.Errorf("its status is %+v", refused.Status)
	}
}

// A method that no server has is no name of a span: who calls at random makes no new ones.
func TestAMethodThatIsNotThereIsNoName(t *testing.T) {
	p, _, seen := start(t, 1, nil)
	if err := p.Call(within(t), "No.Such", struct{}{}, nil); !errors.Is(err, pool.ErrUnknownMethod) {
		t.Fatal(err)
	}
	span := one(t, seen, "nomad")
	has(t, "the span", values(span.Attributes), map[string]string{
		"rpc.method": "_OTHER", "rpc.method_original": "No.Such", "error.type": "unknown_method",
	})
	_ = p.Call(within(t), "line\nbreak", struct{}{}, nil)
	for _, s := range seen.spans.GetSpans() {
		if s.Name != "nomad" || values(s.Attributes)["rpc.method"] != "_OTHER" {
			t.Errorf("%+v", s)
		}
	}
}

func TestASpanEndsWhateverEndsTheCall(t *testing.T) {
	panics := carrier{func(ctx context.Context, _, method string) error {
		if method == "Status.Ping" {
			panic("in code of the agent's")
		}
		return ctx.Err()
	}}
	p, _, seen := start(t, 1, func(c *proxy.Config) { c.Pinger = panics })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.Call(within(t), "Status.Ping", nil, nil, proxy.WithClass(proxy.AtMostOnce))
	_ = p.Call(ctx, "Status.Leader", nil, nil)
	told(t, p)
	_ = p.Call(within(t), "Status.Peers", nil, nil)
	for name, class := range map[string]string{"Status.Ping": "panic", "Status.Leader": "canceled", "Status.Peers": "stopped"} {
		s := one(t, seen, name)
		has(t, name, values(s.Attributes), map[string]string{"error.type": class})
	}
}

// wild is arguments whose encoding ends the call in its own way.
type wild struct{ end func() }

func (w *wild) MarshalBinary() ([]byte, error) { w.end(); return nil, nil }
func (w *wild) UnmarshalBinary([]byte) error   { return nil }

func TestASpanEndsWhereTheGoroutineOfTheCallDoes(t *testing.T) {
	p, _, seen := start(t, 1, nil)
	var all sync.WaitGroup
	for method, end := range map[string]func(){"Test.Panic": func() { panic("in the arguments") }, "Test.Exit": runtime.Goexit} {
		all.Go(func() {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				defer func() { _ = recover() }()
				_ = p.Call(within(t), method, &wild{end}, nil)
			}()
			<-ended
			if s := one(t, seen, method); s.Status.Code != codes.Error || s.Status.Description == "" {
				t.Errorf("%s: %+v", method, s)
			}
		})
	}
	all.Wait()
}

// An Observer that is told of the end of a call of which it does not know ends no span: that of the
// context is the caller's.
func TestTheSpanOfTheCallerIsNotEnded(t *testing.T) {
	seen := newTelemetry(t)
	first, second := seen.observer(t, otel.Config{}), newTelemetry(t).observer(t, otel.Config{})
	ctx, own := seen.tracers.Tracer("agent").Start(context.Background(), "own")
	second.AttemptEnd(ctx, proxy.AttemptEnd{Err: errDown})
	second.CallEnd(ctx, proxy.CallEnd{Err: errDown})
	inner := first.CallStart(ctx, proxy.CallInfo{Method: "Status.Ping"})
	second.AttemptEnd(inner, proxy.AttemptEnd{Err: errDown})
	second.CallEnd(inner, proxy.CallEnd{Err: errDown})
	if n := len(seen.spans.GetSpans()); n != 0 || !own.IsRecording() {
		t.Errorf("%d spans ended", n)
	}
	first.CallEnd(inner, proxy.CallEnd{})
	if n := len(one(t, seen, "Status.Ping").Events); n != 0 {
		t.Errorf("it has %d events", n)
	}
	own.End()
}

// A move leads to the calls that failed on the server that was left.
func TestTheSpanOfAMoveLinksToCallsThatFailed(t *testing.T) {
	seen := newTelemetry(t)
	o := seen.observer(t, otel.Config{Attributes: []attribute.KeyValue{attribute.String("agent", "a1")}})
	a, b := messages.Server{Addr: "a:4647"}, messages.Server{Addr: "b:4647"}
	ids := map[trace.SpanID]bool{}
	for i, s := range []messages.Server{a, a, b} {
		ctx := o.CallStart(context.Background(), proxy.CallInfo{Method: "Status.Ping"})
		if i < 2 {
			ids[trace.SpanContextFromContext(ctx).SpanID()] = true
		}
		for range 2 {
			o.AttemptEnd(ctx, proxy.AttemptEnd{Server: s, Err: errDown})
		}
		o.CallEnd(ctx, proxy.CallEnd{Server: s, Err: errDown})
	}
	at := time.Now()
	o.Moved(proxy.MoveEvent{At: at, From: a, To: b, Reason: proxy.MoveSilent, Trouble: 3 * time.Second, Epoch: 7, Err: errDown})
	span := one(t, seen, "rpcproxy.move")
	for _, l := range span.Links {
		delete(ids, l.SpanContext.SpanID())
	}
	if len(span.Links) != 2 || len(ids) != 0 || span.EndTime.Sub(span.StartTime) != 3*time.Second {
		t.Errorf("%+v", span)
	}
	has(t, "it", values(span.Attributes), map[string]string{
		"rpcproxy.move.trouble": "3", "rpcproxy.move.epoch": "7", "rpcproxy.move.error": "down", "agent": "a1",
	})
}

// What one span holds is bounded, however often its call is made anew.
func TestASpanIsBounded(t *testing.T) {
	seen := newTelemetry(t)
	seen.tracers = sdktrace.NewTracerProvider(sdktrace.WithSyncer(seen.spans), sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{
		EventCountLimit: -1, AttributeCountLimit: -1, AttributeValueLengthLimit: -1, LinkCountLimit: -1, AttributePerEventCountLimit: -1, AttributePerLinkCountLimit: -1,
	}))
	o := seen.observer(t, otel.Config{})
	ctx := o.CallStart(context.Background(), proxy.CallInfo{Method: "Status.Ping"})
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 100 {
				o.AttemptEnd(ctx, proxy.AttemptEnd{Server: messages.Server{Addr: fmt.Sprintf("h%d:%d", g, i)}, Err: errDown})
			}
		})
	}
	all.Wait()
	o.CallEnd(ctx, proxy.CallEnd{Err: errDown, Attempts: 400})
	span := one(t, seen, "Status.Ping")
	if n := len(span.Events); n != 64 {
		t.Errorf("%d events", n)
	}
	for range 100 {
		ctx := o.CallStart(context.Background(), proxy.CallInfo{Method: "Status.Leader"})
		o.AttemptEnd(ctx, proxy.AttemptEnd{Server: messages.Server{Addr: "a:1"}, Err: errDown})
		o.CallEnd(ctx, proxy.CallEnd{Err: errDown})
	}
	o.Moved(proxy.MoveEvent{At: time.Now(), From: messages.Server{Addr: "a:1"}, Reason: proxy.MoveFailed, Trouble: time.Hour})
	if n := len(one(t, seen, "rpcproxy.move").Links); n != 16 {
		t.Errorf("%d links", n)
	}
}
