package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/proxy"
)

// readings are the metrics that are read from a Snapshot.
type readings struct {
	all []*prometheus.Desc

	build, started, servers, nodes, rtt, rtt99                                            *prometheus.Desc
	margin, ttl, sessions, streams, inFlight, tokens                                      *prometheus.Desc
	callsTotal, retries, failovers, moves, rounds, discoveries, unserved                  *prometheus.Desc
	dials, dialFailures, received, sent, reverseCalls, panics, lostEvents, lostLines, age *prometheus.Desc
}

func newReadings(cfg Config) (r readings) {
	desc := func(name, help string, names ...string) *prometheus.Desc {
		d := prometheus.NewDesc(prometheus.BuildFQName(cfg.Namespace, "", name), help, names, cfg.ConstLabels)
		r.all = append(r.all, d)
		return d
	}
	r.build = desc("build_info", "What the program was built from; always 1.", "version", "revision", "goversion")
	r.started = desc("start_time_seconds", "When the proxy was started, since the Unix epoch.")
	r.servers = desc("servers", "Known servers.", "role", "health")
	r.nodes = desc("cluster_nodes", "Nodes of the cluster, as the last heartbeat said.")
	r.rtt = desc("server_rtt_seconds", "Median of how long a server took to answer over the last five minutes.", "server")
	r.rtt99 = desc("server_rtt_p99_seconds", "What 99 of 100 answers of a server took at most over the last five minutes.", "server")
	r.margin = desc("heartbeat_margin_seconds", "What is left of the TTL of the last heartbeat; negative once it has ended.")
	r.ttl = desc("heartbeat_ttl_seconds", "TTL that the last heartbeat granted.")
	r.sessions = desc("sessions", "Connections to servers.", "server")
	r.streams = desc("streams", "Open streaming calls and streams of servers.", "server", "direction")
	r.inFlight = desc("calls_in_flight", "Calls on connections now.", "server")
	r.tokens = desc("retry_tokens", "Retries that are left before the pauses between attempts get long.")
	r.callsTotal = desc("calls_total", "Calls and streams that ended.", "outcome")
	r.retries = desc("retries_total", "Attempts beyond the first one of each call.")
	r.failovers = desc("failovers_total", "Moves to another server because the one before was of no use.", "reason")
	r.moves = desc("moves_total", "Moves to another server, failovers included.", "reason")
	r.rounds = desc("rounds_total", "Rebalance rounds.", "result")
	r.discoveries = desc("discoveries_total", "Runs of discovery.", "source", "result")
	r.unserved = desc("unserved_seconds_total", "Time without a server that was known to serve the agent.")
	r.dials = desc("dials_total", "Dials begun, without those of tenants.")
	r.dialFailures = desc("dial_failures_total", "Dials that failed or were late, without those of tenants.")
	r.received = desc("received_bytes_total", "Bytes read from servers, without those of tenants.")
	r.sent = desc("sent_bytes_total", "Bytes written to servers, without those of tenants.")
	r.reverseCalls = desc("reverse_calls_total", "Calls and streaming calls that servers made, without those to tenants.")
	r.panics = desc("contained_panics_total", "Panics of the agent's own code that were contained.")
	r.lostEvents = desc("lost_events_total", "Events that observers did not keep up with.")
	r.lostLines = desc("lost_log_lines_total", "Log lines that their writer did not keep up with.")
	r.age = desc("active_server_seconds", "For how long the active server has been in front; absent without one.")
	return r
}

func (r *readings) describe(out chan<- *prometheus.Desc) {
	for _, d := range r.all {
		out <- d
	}
}

// collect writes what a Snapshot has.
func (r *readings) collect(out chan<- prometheus.Metric, s proxy.Snapshot, servers *labels.Names) {
	gauge := func(d *prometheus.Desc, v float64, values ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, values...)
	}
	count := func(d *prometheus.Desc, v float64, values ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, values...)
	}
	gauge(r.build, 1, s.Build.Version, s.Build.Revision, s.Build.Go)
	gauge(r.started, float64(s.Started.UnixMilli())/1000) //nolint:forbidigo // the time of day is what Prometheus shows
	gauge(r.nodes, float64(s.NumNodes))
	gauge(r.tokens, s.Counts.RetryTokens)
	if s.Active != "" {
		gauge(r.age, s.At.Sub(s.ActiveSince).Seconds())
	}
	if h := s.Heartbeat; h != nil && h.TTL > 0 {
		gauge(r.margin, h.Margin.Duration().Seconds())
		gauge(r.ttl, h.TTL.Duration().Seconds())
	}
	r.collectServers(gauge, s, servers)

	n := &s.Counts
	for outcome, v := range n.Calls {
		count(r.callsTotal, float64(v), string(outcome))
	}
	for reason, v := range n.Moves {
		count(r.moves, float64(v), string(reason))
		if reason.Failover() {
			count(r.failovers, float64(v), string(reason))
		}
	}
	for result, v := range n.Rounds {
		count(r.rounds, float64(v), string(result))
	}
	r.collectDiscoveries(count, n.Discoveries)
	count(r.retries, float64(n.Retries))
	count(r.unserved, n.Unserved.Duration().Seconds())
	count(r.dials, float64(n.Pool.Dials))
	count(r.dialFailures, float64(n.Pool.DialFailures))
	count(r.received, float64(n.Pool.BytesIn))
	count(r.sent, float64(n.Pool.BytesOut))
	count(r.reverseCalls, float64(n.Pool.ReverseCalls+n.Pool.ReverseStreams))
	count(r.panics, float64(n.Panics))
	count(r.lostEvents, float64(n.LostEvents))
	count(r.lostLines, float64(n.LostLines))
}

// collectServers writes what there is of servers and sessions.
func (r *readings) collectServers(gauge func(*prometheus.Desc, float64, ...string), s proxy.Snapshot, servers *labels.Names) {
	type kind struct{ role, health string }
	known := map[kind]float64{}
	for i := range s.Servers {
		v := &s.Servers[i]
		known[kind{v.Role, v.Health}]++
		if label := servers.Label(v.Addr, true); label != labels.Other && v.RTT.Count > 0 {
			gauge(r.rtt, v.RTT.P50.Duration().Seconds(), label)
			gauge(r.rtt99, v.RTT.P99.Duration().Seconds(), label)
		}
	}
	for k, v := range known {
		gauge(r.servers, v, k.role, k.health)
	}
	type load struct{ sessions, calls, out, in float64 }
	loads := map[string]*load{}
	if s.LeftOut > 0 {
		loads[labels.Other] = &load{sessions: float64(s.LeftOut)}
	}
	for i := range s.Sessions {
		v := &s.Sessions[i]
		label := servers.Label(v.Server, true)
		l := loads[label]
		if l == nil {
			l = new(load)
			loads[label] = l
		}
		l.sessions++
		l.calls += float64(v.Calls)
		l.out += float64(v.Streams)
		l.in += float64(v.IncomingStreams)
	}
	for label, l := range loads {
		gauge(r.sessions, l.sessions, label)
		gauge(r.inFlight, l.calls, label)
		gauge(r.streams, l.out, label, "out")
		gauge(r.streams, l.in, label, "in")
	}
}

// collectDiscoveries writes the runs of discovery. A Discoverer names its sources as it
// likes.
func (r *readings) collectDiscoveries(count func(*prometheus.Desc, float64, ...string), all []proxy.DiscoveryCount) {
	type kind struct{ source, result string }
	runs := map[kind]float64{}
	for _, d := range all {
		source := string(d.Source)
		if !labels.Plain(source) {
			source = labels.Other
		}
		runs[kind{source, string(d.Result)}] += float64(d.Count)
	}
	for k, v := range runs {
		count(r.discoveries, v, k.source, k.result)
	}
}
