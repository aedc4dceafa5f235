package gometrics

import (
	"slices"
	"strings"
)

// names is what there is, after the prefix.
var names = []string{
	"call", "attempt", "retry", "move", "failover", "round", "discovery", "heartbeat.left", "session.dial", "session.down",
	"unserved", "dials", "dial_failures", "received", "sent", "reverse_calls", "panics", "lost_events", "lost_log_lines", "lost",
	"heartbeat.margin", "heartbeat.ttl", "active", "retry_tokens", "cluster_nodes", "servers", "server.rtt_p50", "server.rtt_p99",
	"sessions", "calls_in_flight", "streams",
}

// keysOf is the keys of all names. They have no room behind them, to which go-metrics could append.
func keysOf(prefix []string) map[string][]string {
	keys := map[string][]string{}
	for _, name := range names {
		keys[name] = slices.Clip(slices.Concat(prefix, strings.Split(name, ".")))
	}
	return keys
}
