package otel

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/proxy"
)

// readings are the metrics that are read from a Snapshot when a reader collects.
type readings struct {
	meter        metric.Meter
	all          []metric.Observable
	errs         []error
	registration atomic.Pointer[metric.Registration]

	calls, retries, moves, rounds, discoveries, dials, dialFailures, io, reverse, panics, events, lines metric.Int64ObservableCounter
	unserved                                                                                            metric.Float64ObservableCounter
	servers, sessions, streams, active                                                                  metric.Int64ObservableUpDownCounter
	nodes                                                                                               metric.Int64ObservableGauge
	tokens, margin, ttl, since, rtt                                                                     metric.Float64ObservableGauge
}

// init makes the instruments, and sees to it that they are read.
func (r *readings) init(o *Observer, meter metric.Meter) error {
	r.meter = meter
	r.calls = r.count("rpcproxy.calls", "{call}", "Calls, and openings of streams, that ended.")
	r.retries = r.count("rpcproxy.retries", "{attempt}", "Attempts beyond the first one of each call.")
	r.moves = r.count("rpcproxy.moves", "{move}", "Moves to another server, failovers among them.")
	r.rounds = r.count("rpcproxy.rounds", "{round}", "Rebalance rounds that ended.")
	r.discoveries = r.count("rpcproxy.discoveries", "{run}", "Runs of discovery that ended.")
	r.dials = r.count("rpcproxy.dials", "{dial}", "Dials begun, without those of tenants.")
	r.dialFailures = r.count("rpcproxy.dial.failures", "{dial}", "Dials that failed or were late, without those of tenants.")
	r.io = r.count("rpcproxy.io", "By", "Bytes read from servers and written to them, without those of tenants.")
	r.reverse = r.count("rpcproxy.reverse.calls", "{call}", "Calls and streaming calls that servers made, without those to tenants.")
	r.panics = r.count("rpcproxy.panics", "{panic}", "Panics of the agent's own code that were contained.")
	r.events = r.count("rpcproxy.lost.events", "{event}", "Events that observers did not keep up with.")
	r.lines = r.count("rpcproxy.lost.lines", "{line}", "Log lines that their writer did not keep up with.")
	r.nodes = r.gauge("rpcproxy.cluster.nodes", "{node}", "Nodes of the cluster, as the last heartbeat said.")
	r.servers = r.sum("rpcproxy.servers", "{server}", "Known servers.")
	r.sessions = r.sum("rpcproxy.sessions", "{session}", "Connections to servers.")
	r.streams = r.sum("rpcproxy.streams", "{stream}", "Open streaming calls, and streams of servers.")
	r.active = r.sum("rpcproxy.calls.active", "{call}", "Calls on connections now.")
	r.tokens = r.level("rpcproxy.retry.tokens", "{attempt}", "Retries that are left before the pauses between attempts get long.")
	r.margin = r.level("rpcproxy.heartbeat.margin", "s", "What is left of the TTL of the last heartbeat; negative once it has ended.")
	r.ttl = r.level("rpcproxy.heartbeat.ttl", "s", "TTL that the last heartbeat granted.")
	r.since = r.level("rpcproxy.active.time", "s", "For how long the active server has been in front; absent without one.")
	r.rtt = r.level("rpcproxy.server.rtt", "s", "How long a server took to answer over the last five minutes.")
	unserved, err := meter.Float64ObservableCounter("rpcproxy.unserved.time", metric.WithUnit("s"),
		metric.WithDescription("Time without a server that was known to serve the agent."))
	r.unserved = unserved
	if r.errs = append(r.errs, err); errors.Join(r.errs...) != nil {
		return errors.Join(r.errs...)
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		if s := o.state.Load(); s != nil {
			r.read(&reading{Observer: to, o: o, s: (*s).Snapshot()})
		}
		return nil
	}, append(r.all, unserved)...)
	if err == nil {
		r.registration.Store(&registration)
	}
	return err
}

// close ends the reading.
func (r *readings) close() {
	if registration := r.registration.Swap(nil); registration != nil {
		_ = (*registration).Unregister() // what it says of a provider that was shut down is of no use here
	}
}

func (r *readings) count(name, unit, help string) metric.Int64ObservableCounter {
	c, err := r.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(help))
	r.all, r.errs = append(r.all, c), append(r.errs, err)
	return c
}

func (r *readings) sum(name, unit, help string) metric.Int64ObservableUpDownCounter {
	u, err := r.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(help))
	r.all, r.errs = append(r.all, u), append(r.errs, err)
	return u
}

func (r *readings) gauge(name, unit, help string) metric.Int64ObservableGauge {
	g, err := r.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(help))
	r.all, r.errs = append(r.all, g), append(r.errs, err)
	return g
}

func (r *readings) level(name, unit, help string) metric.Float64ObservableGauge {
	g, err := r.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(help))
	r.all, r.errs = append(r.all, g), append(r.errs, err)
	return g
}

// reading is what one collection gets.
type reading struct {
	metric.Observer
	o *Observer
	s proxy.Snapshot
}

func (r *reading) with(all ...attribute.KeyValue) metric.ObserveOption {
	return metric.WithAttributeSet(attribute.NewSet(append(r.o.own, all...)...))
}

func (r *reading) count(c metric.Int64ObservableCounter, n uint64, all ...attribute.KeyValue) {
	r.ObserveInt64(c, int64(n), r.with(all...)) //nolint:gosec // no counter gets there
}

func (r *reading) sum(u metric.Int64ObservableUpDownCounter, n int64, all ...attribute.KeyValue) {
	r.ObserveInt64(u, n, r.with(all...))
}

func (r *reading) level(g metric.Float64ObservableGauge, v float64, all ...attribute.KeyValue) {
	r.ObserveFloat64(g, v, r.with(all...))
}

// read observes what a Snapshot has.
func (r *readings) read(to *reading) {
	s, n := &to.s, &to.s.Counts
	for outcome, v := range n.Calls {
		to.count(r.calls, v, keyOutcome.String(string(outcome)))
	}
	for reason, v := range n.Moves {
		to.count(r.moves, v, keyReason.String(string(reason)), keyFailover.Bool(reason.Failover()))
	}
	for result, v := range n.Rounds {
		to.count(r.rounds, v, keyRound.String(string(result)))
	}
	r.readDiscoveries(to)
	to.count(r.retries, n.Retries)
	to.count(r.dials, n.Pool.Dials)
	to.count(r.dialFailures, n.Pool.DialFailures)
	to.count(r.io, n.Pool.BytesIn, semconv.NetworkIODirectionReceive)
	to.count(r.io, n.Pool.BytesOut, semconv.NetworkIODirectionTransmit)
	to.count(r.reverse, n.Pool.ReverseCalls+n.Pool.ReverseStreams)
	to.count(r.panics, n.Panics)
	to.count(r.events, n.LostEvents)
	to.count(r.lines, n.LostLines)
	to.ObserveFloat64(r.unserved, n.Unserved.Duration().Seconds(), to.with())

	to.ObserveInt64(r.nodes, int64(s.NumNodes), to.with())
	to.level(r.tokens, n.RetryTokens)
	if s.Active != "" {
		to.level(r.since, s.At.Sub(s.ActiveSince).Seconds())
	}
	if h := s.Heartbeat; h != nil && h.TTL > 0 {
		to.level(r.margin, h.Margin.Duration().Seconds())
		to.level(r.ttl, h.TTL.Duration().Seconds())
	}
	r.readServers(to)
	r.readSessions(to)
}

// readServers observes the servers of the list.
func (r *readings) readServers(to *reading) {
	type kind struct{ role, health string }
	known := map[kind]int64{}
	for i := range to.s.Servers {
		v := &to.s.Servers[i]
		known[kind{v.Role, v.Health}]++
		if label := to.o.servers.Label(v.Addr, true); label != labels.Other && v.RTT.Count > 0 {
			place := to.o.bounded(label)
			to.level(r.rtt, v.RTT.P50.Duration().Seconds(), append(place, keyQuantile.Float64(.5))...)
			to.level(r.rtt, v.RTT.P99.Duration().Seconds(), append(place, keyQuantile.Float64(.99))...)
		}
	}
	for k, v := range known {
		to.sum(r.servers, v, keyRole.String(k.role), keyHealth.String(k.health))
	}
}

// readSessions observes the sessions, by their servers.
func (r *readings) readSessions(to *reading) {
	type load struct{ sessions, calls, out, in int64 }
	loads := map[string]*load{}
	of := func(label string) *load {
		if loads[label] == nil {
			loads[label] = new(load)
		}
		return loads[label]
	}
	if to.s.LeftOut > 0 {
		of(labels.Other).sessions = int64(to.s.LeftOut)
	}
	for i := range to.s.Sessions {
		v := &to.s.Sessions[i]
		l := of(to.o.servers.Label(v.Server, true))
		l.sessions++
		l.calls += v.Calls
		l.out += v.Streams
		l.in += v.IncomingStreams
	}
	for label, l := range loads {
		place := to.o.bounded(label)
		to.sum(r.sessions, l.sessions, place...)
		to.sum(r.active, l.calls, place...)
		to.sum(r.streams, l.out, append(place, keyDirection.String("out"))...)
		to.sum(r.streams, l.in, append(place, keyDirection.String("in"))...)
	}
}

// readDiscoveries observes the runs of discovery. A Discoverer names its sources as it likes.
func (r *readings) readDiscoveries(to *reading) {
	type kind struct{ source, result string }
	runs := map[kind]uint64{}
	for _, d := range to.s.Counts.Discoveries {
		source := string(d.Source)
		if !labels.Plain(source) {
			source = otherName
		}
		runs[kind{source, string(d.Result)}] += d.Count
	}
	for k, v := range runs {
		to.count(r.discoveries, v, keySource.String(k.source), keyFound.String(k.result))
	}
}
