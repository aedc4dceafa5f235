package otel

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/rpcconv"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// failoverBuckets are the bounds of the failover histogram, in seconds.
var failoverBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 60, 120}

// measures are the metrics that are recorded as things happen. What they are recorded with is made
// once for each set of attributes.
type measures struct {
	duration  metric.Float64Histogram
	failovers metric.Float64Histogram
	attempts  metric.Int64Counter

	ofCalls    labels.Cache[callSet, []metric.RecordOption]
	ofAttempts labels.Cache[attemptSet, []metric.AddOption]
	ofMoves    labels.Cache[proxy.MoveReason, []metric.RecordOption]
}

type callSet struct {
	method  string
	outcome proxy.CallOutcome
	class   string
}

type attemptSet struct {
	server  string
	phase   pool.Phase
	outcome proxy.CallOutcome
}

func (m *measures) init(meter metric.Meter) error {
	duration, err := rpcconv.NewClientCallDuration(meter)
	m.duration = duration.Inst()
	attempts, err2 := meter.Int64Counter("rpcproxy.attempts", metric.WithUnit("{attempt}"),
		metric.WithDescription("Attempts of calls, by the server that was asked and how far they came."))
	m.attempts = attempts
	failovers, err3 := meter.Float64Histogram("rpcproxy.failover.duration", metric.WithUnit("s"),
		metric.WithDescription("How long after the first sign of trouble another server was in front."),
		metric.WithExplicitBucketBoundaries(failoverBuckets...))
	m.failovers = failovers
	return errors.Join(err, err2, err3)
}

// call records a call; class is that of its error.
func (m *measures) call(ctx context.Context, o *Observer, e *proxy.CallEnd, class string) {
	set := callSet{o.methods.Label(e.Method, e.Outcome == proxy.Answered), e.Outcome, class}
	m.duration.Record(ctx, e.Duration.Seconds(), m.ofCalls.Of(set, func(set callSet) []metric.RecordOption {
		if set.method == labels.Other {
			set.method = otherName
		}
		all := slices.Concat(o.own, []attribute.KeyValue{
			semconv.RPCSystemNameKey.String(system), semconv.RPCMethod(set.method), keyOutcome.String(string(set.outcome)),
		})
		if set.class != "" {
			all = append(all, semconv.ErrorTypeKey.String(set.class))
		}
		return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(all...))}
	})...)
}

// attempt counts an attempt.
func (m *measures) attempt(ctx context.Context, o *Observer, e *proxy.AttemptEnd) {
	set := attemptSet{o.servers.Label(e.Server.Addr, true), e.Phase, e.Outcome}
	m.attempts.Add(ctx, 1, m.ofAttempts.Of(set, func(set attemptSet) []metric.AddOption {
		all := slices.Concat(o.own, o.bounded(set.server), []attribute.KeyValue{
			keyPhase.String(set.phase.String()), keyAttemptOutcome.String(string(set.outcome)),
		})
		return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(all...))}
	})...)
}

// failover records how long a failover took.
func (m *measures) failover(ctx context.Context, o *Observer, e *proxy.MoveEvent) {
	m.failovers.Record(ctx, e.Trouble.Seconds(), m.ofMoves.Of(e.Reason, func(reason proxy.MoveReason) []metric.RecordOption {
		return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(append(o.own, keyReason.String(string(reason)))...))}
	})...)
}
