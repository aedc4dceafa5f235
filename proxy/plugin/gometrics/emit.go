package gometrics

import (
	"context"
	"time"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/proxy"
)

// interval is how often Run emits where it is not told; Nomad's telemetry.collection_interval is the same.
const interval = time.Second

// emitted is what the last Emit has emitted.
type emitted struct {
	counts proxy.Counts
	lost   uint64
	levels map[level]float64 // that are 0 once there is nothing of their kind
}

// level is a gauge with labels of its own.
type level struct{ name, label, value, label2, value2 string }

// Run emits now, then each interval, and once more when ctx ends; then it returns. An interval
// of zero or less means 1 s. While the sink blocks, so does Run.
func (e *Emitter) Run(ctx context.Context, every time.Duration) {
	if every <= 0 {
		every = interval
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		e.Emit()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			e.Emit()
			return
		}
	}
}

// Emit waits until the sink has what waits for it, then emits the gauges, and counts what happened since the
// last time. Before the Proxy is started there is none of these. It does nothing while another
// goroutine does the same. It calls the sink in the goroutine of its caller: while the sink blocks, so does
// Emit. A panic of the sink ends this Emit, and is counted as that of another goroutine is.
func (e *Emitter) Emit() {
	if !e.busy.CompareAndSwap(false, true) {
		return
	}
	defer e.busy.Store(false)
	e.flush()
	if p := contain.Call(e.emitAll); p != nil {
		e.fail(p)
	}
}

// emitAll emits what is read from the Proxy.
func (e *Emitter) emitAll() {
	state := e.state.Load()
	if state == nil {
		return
	}
	s := (*state).Snapshot()
	e.emitCounts(&s.Counts)
	e.emitState(&s)
	levels := map[level]float64{}
	countServers(&s, levels)
	e.countSessions(&s, levels)
	for l := range e.last.levels {
		if _, found := levels[l]; !found {
			e.emitLevel(l, 0)
		}
	}
	for l, v := range levels {
		e.emitLevel(l, v)
	}
	e.last.levels = levels
}

func (e *Emitter) emitLevel(l level, v float64) {
	if l.label2 == "" {
		e.gauge(l.name, v, e.with(l.label, l.value))
		return
	}
	e.gauge(l.name, v, e.with(l.label, l.value, l.label2, l.value2))
}

func (e *Emitter) gauge(name string, v float64, all []metrics.Label) {
	e.metrics().SetGaugeWithLabels(e.keys[name], float32(v), all)
}

// emitCounts counts what happened since the last time.
func (e *Emitter) emitCounts(now *proxy.Counts) {
	last, lastLost, lost := e.last.counts, e.last.lost, e.queue.lost.Load()
	e.last.counts, e.last.lost = *now, lost // also if the sink panics: nothing is counted twice
	for _, c := range []struct {
		name      string
		now, last uint64
	}{
		{"dials", now.Pool.Dials, last.Pool.Dials},
		{"dial_failures", now.Pool.DialFailures, last.Pool.DialFailures},
		{"received", now.Pool.BytesIn, last.Pool.BytesIn},
		{"sent", now.Pool.BytesOut, last.Pool.BytesOut},
		{"reverse_calls", now.Pool.ReverseCalls + now.Pool.ReverseStreams, last.Pool.ReverseCalls + last.Pool.ReverseStreams},
		{"panics", now.Panics, last.Panics},
		{"lost_events", now.LostEvents, last.LostEvents},
		{"lost_log_lines", now.LostLines, last.LostLines},
		{"lost", lost, lastLost},
	} {
		if c.now >= c.last {
			e.metrics().IncrCounterWithLabels(e.keys[c.name], float32(c.now-c.last), e.own)
		}
	}
	if unserved := now.Unserved - last.Unserved; unserved >= 0 {
		e.metrics().IncrCounterWithLabels(e.keys["unserved"], float32(millis(unserved)), e.own)
	}
}

// emitState emits the gauges of the Proxy as a whole, and of each server that was measured.
func (e *Emitter) emitState(s *proxy.Snapshot) {
	if h := s.Heartbeat; h != nil && h.TTL > 0 {
		e.gauge("heartbeat.margin", millis(h.Margin), e.own)
		e.gauge("heartbeat.ttl", millis(h.TTL), e.own)
	}
	if s.Active != "" {
		e.gauge("active", millis(proxy.Seconds(s.At.Sub(s.ActiveSince))), e.own)
	}
	e.gauge("retry_tokens", s.Counts.RetryTokens, e.own)
	e.gauge("cluster_nodes", float64(s.NumNodes), e.own)
	for i := range s.Servers {
		v := &s.Servers[i]
		if label := e.servers.Label(v.Addr, true); label != labels.Other && v.RTT.Count > 0 {
			all := e.with("server", label)
			e.gauge("server.rtt_p50", millis(v.RTT.P50), all)
			e.gauge("server.rtt_p99", millis(v.RTT.P99), all)
		}
	}
}

// countServers counts the servers of the list by what they are.
func countServers(s *proxy.Snapshot, levels map[level]float64) {
	for i := range s.Servers {
		levels[level{"servers", "role", s.Servers[i].Role, "health", s.Servers[i].Health}]++
	}
}

// countSessions counts the sessions, and what is on them, by their servers.
func (e *Emitter) countSessions(s *proxy.Snapshot, levels map[level]float64) {
	if s.LeftOut > 0 {
		levels[level{name: "sessions", label: "server", value: labels.Other}] = float64(s.LeftOut)
	}
	for i := range s.Sessions {
		v := &s.Sessions[i]
		label := e.servers.Label(v.Server, true)
		levels[level{name: "sessions", label: "server", value: label}]++
		levels[level{name: "calls_in_flight", label: "server", value: label}] += float64(v.Calls)
		levels[level{"streams", "server", label, "direction", "out"}] += float64(v.Streams)
		levels[level{"streams", "server", label, "direction", "in"}] += float64(v.IncomingStreams)
	}
}
