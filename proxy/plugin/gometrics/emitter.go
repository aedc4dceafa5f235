package gometrics

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Config configures an Emitter. The zero value works.
type Config struct {
	// Metrics gets everything; nil: the global one, whichever that is at the time.
	Metrics *metrics.Metrics
	// Prefix begins each name; nil means "client", "rpc".
	Prefix []string
	// Labels are on each metric, such as node_id and datacenter. Emitters of several proxies
	// need different ones.
	Labels []metrics.Label
	// Methods is how many methods have labels of their own; zero means 64, a negative one
	// none.
	Methods int
}

// mostServers is how many servers have labels of their own.
const mostServers = 128

// Emitter is a proxy.Observer, of one Proxy. What it is told waits in a queue for the sink, which one
// goroutine calls while there is any: so a sink may block, and no call waits for it. What a sink does
// not keep up with is dropped, and counted (lost). Its panics are contained, counted there as well, and passed
// on to the Proxy, which logs them. Its methods may be called by many goroutines.
type Emitter struct {
	to      *metrics.Metrics
	keys    map[string][]string // by the name after the prefix; not changed after New
	own     []metrics.Label
	methods *labels.Names
	servers *labels.Names
	queue   queue

	ofCalls    labels.Cache[callLabels, []metrics.Label]
	ofAttempts labels.Cache[attemptLabels, []metrics.Label]

	state atomic.Pointer[proxy.Snapshotter] // nil: no Proxy was started yet
	busy  atomic.Bool                       // an Emit is under way, which owns the rest
	last  emitted
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
	_ proxy.StartObserver     = (*Emitter)(nil)
	_ proxy.CallObserver      = (*Emitter)(nil)
	_ proxy.AttemptObserver   = (*Emitter)(nil)
	_ proxy.MoveObserver      = (*Emitter)(nil)
	_ proxy.RoundObserver     = (*Emitter)(nil)
	_ proxy.DiscoveryObserver = (*Emitter)(nil)
	_ proxy.HeartbeatObserver = (*Emitter)(nil)
	_ proxy.SessionObserver   = (*Emitter)(nil)
)

// New makes an Emitter for the Observers of one Proxy.
func New(cfg Config) *Emitter {
	if cfg.Prefix == nil {
		cfg.Prefix = []string{"client", "rpc"}
	}
	return &Emitter{
		to: cfg.Metrics, keys: keysOf(cfg.Prefix), own: slices.Clip(slices.Clone(cfg.Labels)),
		methods: labels.NewNames(cmp.Or(cfg.Methods, 64)), servers: labels.NewNames(mostServers),
		queue: queue{waiting: make(chan told, mostWaiting)},
	}
}

// metrics is where everything goes.
func (e *Emitter) metrics() *metrics.Metrics {
	if e.to != nil {
		return e.to
	}
	return metrics.Default()
}

// with is the labels of a metric: names and values in turn. go-metrics appends to what it gets, so there is no
// room behind them.
func (e *Emitter) with(pairs ...string) []metrics.Label {
	all := make([]metrics.Label, len(e.own), len(e.own)+len(pairs)/2)
	copy(all, e.own)
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, metrics.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// sample adds a duration to a timer, in the unit that go-metrics measures in: milliseconds, unless it
// is set up otherwise.
func (e *Emitter) sample(name string, d time.Duration, all []metrics.Label) {
	unit := cmp.Or(e.metrics().TimerGranularity, time.Millisecond)
	e.put(told{key: e.keys[name], labels: all, value: float32(float64(d) / float64(unit)), sample: true})
}

func (e *Emitter) count(name string, n uint64, all []metrics.Label) {
	e.put(told{key: e.keys[name], labels: all, value: float32(n)})
}

// millis is a duration in milliseconds.
func millis(d proxy.Seconds) float64 {
	return float64(d.Duration()) / float64(time.Millisecond)
}

// Started takes the Proxy.
func (e *Emitter) Started(s proxy.Snapshotter) { e.state.Store(&s) }

// CallStart changes nothing.
func (e *Emitter) CallStart(ctx context.Context, _ proxy.CallInfo) context.Context { return ctx }
