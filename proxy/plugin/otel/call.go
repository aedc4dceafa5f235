package otel

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// The names of events; that of a move is also the name of its span.
const (
	eventAttempt = "rpcproxy.attempt"
	eventMove    = "rpcproxy.move"
)

// Bounds of what one span holds.
const (
	mostAttempts = 64 // events
	mostFailed   = 8  // servers whose moves it shows
)

// callKey is where a call is in the context that CallStart returns. Each Observer has its own.
type callKey struct{ of *Observer }

// call is a call with a span that records. A hedged call has attempts that end in two goroutines.
type call struct {
	span   trace.Span
	began  time.Time
	events atomic.Int32 // attempts, as events
	failed [mostFailed]atomic.Pointer[string]
	fails  atomic.Int32 // of failed that are taken, or more
}

// beginKey is what the attributes of a span depend on that are known when it begins.
type beginKey struct {
	method         string // as a label
	class          proxy.Class
	stream, tenant bool
}

// CallStart begins the span of a call. One that is not recorded costs nothing later.
func (o *Observer) CallStart(ctx context.Context, c proxy.CallInfo) context.Context {
	key := beginKey{o.methods.Label(c.Method, false), c.Class, c.Stream, c.Tenant}
	var options []trace.SpanStartOption
	name := system
	switch {
	case key.method != labels.Other:
		name, options = key.method, o.begins.Of(key, o.begin)
	case labels.Method(c.Method):
		name, key.method = c.Method, c.Method
		options = o.begin(key)
	default:
		options = o.begins.Of(key, o.begin)
	}
	ctx, span := o.tracer.Start(ctx, name, options...)
	if !span.IsRecording() {
		return ctx
	}
	return context.WithValue(ctx, callKey{o}, &call{span: span, began: time.Now()})
}

// begin makes what spans of a kind begin with.
func (o *Observer) begin(key beginKey) []trace.SpanStartOption {
	if key.method == labels.Other {
		key.method = otherName
	}
	return []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(append(o.own,
			semconv.RPCSystemNameKey.String(system), semconv.RPCMethod(key.method), keyClass.String(key.class.String()),
			keyStream.Bool(key.stream), keyTenant.Bool(key.tenant),
		)...),
	}
}

// callOf is the call in a context; nil: it has none, or one that is not recorded.
func (o *Observer) callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{o}).(*call)
	return c
}

// AttemptEnd counts an attempt, and makes it an event of the call's span.
func (o *Observer) AttemptEnd(ctx context.Context, e proxy.AttemptEnd) {
	o.measures.attempt(ctx, o, &e)
	c := o.callOf(ctx)
	if c == nil {
		return
	}
	if e.Err != nil {
		c.fail(e.Server.Addr)
		o.failures.note(e.Server.Addr, c.span.SpanContext())
	}
	if c.events.Add(1) > mostAttempts {
		return
	}
	shown := append(make([]attribute.KeyValue, 0, 10),
		keyNumber.Int(e.Number), keyPhase.String(e.Phase.String()), keyPause.Float64(e.Pause.Seconds()),
		keyDuration.Float64(e.Duration.Seconds()), keyAttemptOutcome.String(string(e.Outcome)))
	shown = append(shown, o.place(e.Server.Addr)...)
	if e.Err != nil {
		shown = append(shown, semconv.ErrorTypeKey.String(ErrorType(e.Err)), keyAttemptError.String(errorText(e.Err)))
	}
	c.span.AddEvent(eventAttempt, trace.WithAttributes(shown...))
}

// fail notes a server on which an attempt failed.
func (c *call) fail(addr string) {
	for i := range c.failed {
		if at := c.failed[i].Load(); at != nil && *at == addr {
			return
		}
	}
	if i := c.fails.Add(1) - 1; int(i) < len(c.failed) {
		c.failed[i].Store(&addr)
	}
}

// hasFailed reports whether an attempt has failed on a server.
func (c *call) hasFailed(addr string) bool {
	for i := range c.failed {
		if at := c.failed[i].Load(); at != nil && *at == addr {
			return true
		}
	}
	return false
}

// CallEnd ends the span of a call, and measures it.
func (o *Observer) CallEnd(ctx context.Context, e proxy.CallEnd) {
	class := ErrorType(e.Err)
	o.measures.call(ctx, o, &e, class)
	c := o.callOf(ctx)
	if c == nil {
		return
	}
	defer c.span.End()
	if c.fails.Load() > 0 {
		o.addMoves(c)
	}
	shown := append(make([]attribute.KeyValue, 0, 8), keyAttempts.Int(e.Attempts), keyOutcome.String(string(e.Outcome)))
	if e.Server.Addr != "" {
		shown = append(shown, o.place(e.Server.Addr)...)
	}
	if e.Err != nil {
		shown = append(shown, semconv.ErrorTypeKey.String(class))
		shown = append(shown, refusal(e.Err)...)
		c.span.SetStatus(codes.Error, errorText(e.Err))
		if contain.Is(e.Err, pool.ErrUnknownMethod) && labels.Method(e.Method) {
			c.span.SetName(system)
			shown = append(shown, semconv.RPCMethod(otherName), semconv.RPCMethodOriginal(e.Method))
		}
	}
	c.span.SetAttributes(shown...)
}

// refusal is rpc.response.status_code, if a server has answered with one.
func refusal(err error) []attribute.KeyValue {
	if remote, ok := contain.As[*pool.RemoteError](err); ok && remote.Code != 0 {
		return []attribute.KeyValue{semconv.RPCResponseStatusCode(strconv.Itoa(remote.Code))}
	}
	return nil
}
