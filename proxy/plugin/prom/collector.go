package prom

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Config configures a Collector. The zero value works.
type Config struct {
	// Namespace begins each name; empty means "rpcproxy".
	Namespace string
	// ConstLabels are on each metric. Collectors of several proxies in one registry need
	// different ones.
	ConstLabels prometheus.Labels
	// Methods is how many methods have labels of their own; zero means 64, a negative one
	// none.
	Methods int
	// Buckets are the upper bounds of the classic buckets, in seconds; nil means 14 from 0.5 ms
	// to 60 s. Without any, []float64{}, histograms have native buckets only, and one series
	// each.
	Buckets []float64
}

// mostServers is how many servers have labels of their own.
const mostServers = 128

// buckets are the classic ones.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 20, 60}

// Collector is a proxy.Observer and a prometheus.Collector, of one Proxy.
type Collector struct {
	state    atomic.Pointer[proxy.Snapshotter] // nil: no Proxy was started yet
	methods  *labels.Names
	servers  *labels.Names
	calls    *prometheus.HistogramVec
	attempts *prometheus.CounterVec
	failover prometheus.Histogram
	read     readings

	// Of calls and attempts, by their labels: to find one costs less here than in a vector.
	ofCalls    labels.Cache[callLabels, prometheus.Observer]
	ofAttempts labels.Cache[attemptLabels, prometheus.Counter]
}

type callLabels struct {
	method  string
	outcome proxy.CallOutcome
}

type attemptLabels struct {
	server string
	phase  pool.Phase
}

var (
	_ prometheus.Collector  = (*Collector)(nil)
	_ proxy.StartObserver   = (*Collector)(nil)
	_ proxy.CallObserver    = (*Collector)(nil)
	_ proxy.AttemptObserver = (*Collector)(nil)
	_ proxy.MoveObserver    = (*Collector)(nil)
)

// New makes a Collector for the Observers of one Proxy.
func New(cfg Config) *Collector {
	cfg.Namespace = cmp.Or(cfg.Namespace, "rpcproxy")
	if cfg.Buckets == nil {
		cfg.Buckets = buckets
	}
	histogram := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{
			Namespace: cfg.Namespace, Name: name, Help: help, ConstLabels: cfg.ConstLabels, Buckets: cfg.Buckets,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}
	}
	return &Collector{
		methods: labels.NewNames(cmp.Or(cfg.Methods, 64)), servers: labels.NewNames(mostServers),
		calls: prometheus.NewHistogramVec(histogram("call_seconds",
			"How long calls took, pauses and all attempts included; of a streaming call until it was open."), []string{"method", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: cfg.Namespace, Name: "attempts_total", ConstLabels: cfg.ConstLabels,
			Help: "Attempts of calls, by the server that was asked and how far they came.",
		}, []string{"server", "phase"}),
		failover: prometheus.NewHistogram(histogram("failover_seconds",
			"How long after the first sign of trouble another server was in front.")),
		read: newReadings(cfg),
	}
}

// Started takes the Proxy.
func (c *Collector) Started(s proxy.Snapshotter) { c.state.Store(&s) }

// CallStart changes nothing.
func (c *Collector) CallStart(ctx context.Context, _ proxy.CallInfo) context.Context { return ctx }

// CallEnd counts a call.
func (c *Collector) CallEnd(_ context.Context, e proxy.CallEnd) {
	key := callLabels{c.methods.Label(e.Method, e.Outcome == proxy.Answered), e.Outcome}
	c.ofCalls.Of(key, c.callsOf).Observe(e.Duration.Seconds())
}

// AttemptEnd counts an attempt.
func (c *Collector) AttemptEnd(_ context.Context, e proxy.AttemptEnd) {
	key := attemptLabels{c.servers.Label(e.Server.Addr, true), e.Phase}
	c.ofAttempts.Of(key, c.attemptsOf).Inc()
}

func (c *Collector) callsOf(key callLabels) prometheus.Observer {
	return c.calls.WithLabelValues(key.method, string(key.outcome))
}

func (c *Collector) attemptsOf(key attemptLabels) prometheus.Counter {
	return c.attempts.WithLabelValues(key.server, key.phase.String())
}

// Moved counts a failover.
func (c *Collector) Moved(e proxy.MoveEvent) {
	if e.Reason.Failover() {
		c.failover.Observe(e.Trouble.Seconds())
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	c.calls.Describe(out)
	c.attempts.Describe(out)
	c.failover.Describe(out)
	c.read.describe(out)
}

// Collect implements prometheus.Collector. Before the Proxy is started it has calls and
// attempts only.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	c.calls.Collect(out)
	c.attempts.Collect(out)
	c.failover.Collect(out)
	if s := c.state.Load(); s != nil {
		c.read.collect(out, (*s).Snapshot(), c.servers)
	}
}
