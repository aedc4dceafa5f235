package otel

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/proxy"
)

// scope is the name of what makes the spans and metrics.
const scope = "github.com/open-nomad/rpcproxy/proxy/plugin/otel"

// Config configures an Observer. The zero value works.
type Config struct {
	// TracerProvider makes the spans; nil: the global one.
	TracerProvider trace.TracerProvider
	// MeterProvider makes the metrics; nil: the global one.
	MeterProvider metric.MeterProvider
	// Attributes are on each span and metric. Observers of several proxies that share
	// providers need different ones.
	Attributes []attribute.KeyValue
	// Methods is how many methods have names of their own in metrics; zero means 64, a
	// negative one none.
	Methods int
}

// mostServers is how many servers have names of their own in metrics.
const mostServers = 128

// Observer is a proxy.Observer, of one Proxy.
type Observer struct {
	tracer  trace.Tracer
	state   atomic.Pointer[proxy.Snapshotter] // nil: no Proxy was started yet
	own     []attribute.KeyValue              // Config.Attributes
	methods *labels.Names
	servers *labels.Names

	begins   labels.Cache[beginKey, []trace.SpanStartOption]
	places   labels.Cache[string, []attribute.KeyValue] // by the label of a server
	failures failures
	history  atomic.Pointer[history]

	measures measures
	readings readings
}

var (
	_ proxy.StartObserver   = (*Observer)(nil)
	_ proxy.CallObserver    = (*Observer)(nil)
	_ proxy.AttemptObserver = (*Observer)(nil)
	_ proxy.MoveObserver    = (*Observer)(nil)
)

// New makes an Observer for the Observers of one Proxy. It fails if the MeterProvider refuses an
// instrument.
func New(cfg Config) (*Observer, error) {
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	o := &Observer{
		tracer:  cfg.TracerProvider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		own:     slices.Clip(slices.Clone(cfg.Attributes)),
		methods: labels.NewNames(cmp.Or(cfg.Methods, 64)),
		servers: labels.NewNames(mostServers),
	}
	meter := cfg.MeterProvider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	if err := errors.Join(o.measures.init(meter), o.readings.init(o, meter)); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// Started takes the Proxy.
func (o *Observer) Started(s proxy.Snapshotter) { o.state.Store(&s) }

// Close ends what is read from the Proxy for metrics, and lets go of it. An Observer whose Proxy lives as
// long as the MeterProvider need not be closed. It may be called more than once.
func (o *Observer) Close() {
	o.readings.close()
	o.state.Store(nil)
}
