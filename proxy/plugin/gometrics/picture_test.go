package gometrics_test

import (
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/gometrics"
)

// picture is a proxy of which there is nothing but what it shows.
type picture proxy.Snapshot

func (p picture) Snapshot() proxy.Snapshot { return proxy.Snapshot(p) }

// More servers than have labels of their own, each with a session and what was measured of it.
func TestWhatIsReadOfManyServersIsBoundedAndInItsUnits(t *testing.T) {
	s := proxy.Snapshot{LeftOut: 7}
	for i := range 300 {
		addr := fmt.Sprintf("h%03d:4647", i)
		s.Servers = append(s.Servers, proxy.ServerStatus{Addr: addr, Role: "primary", Health: "alive", RTT: proxy.RTT{Count: 1, P50: proxy.Seconds(2e6), P99: proxy.Seconds(5e8)}})
		s.Sessions = append(s.Sessions, proxy.SessionStatus{Server: addr, Calls: 1, Streams: 2, IncomingStreams: 3})
	}
	s.Servers = append(s.Servers, proxy.ServerStatus{Addr: token, RTT: proxy.RTT{Count: 1}})
	s.Sessions = append(s.Sessions, proxy.SessionStatus{Server: token})
	s.Counts.Unserved = proxy.Seconds(15e8)
	b := newBook(t)
	e := gometrics.New(gometrics.Config{Metrics: b.Metrics})
	e.Started(picture(s))
	e.Emit()
	e.Emit()
	servers := map[string]bool{}
	for name, all := range b.read() {
		for _, one := range all {
			if label := one.labels["server"]; label != "" {
				servers[label] = true
			}
			if one.labels["server"] == "other" && (name == "server.rtt_p50" || name == "server.rtt_p99") {
				t.Errorf("%s of several servers: %+v", name, one)
			}
		}
	}
	if len(servers) != 129 || !servers["other"] {
		t.Errorf("%d servers have labels", len(servers))
	}
	first := map[string]string{"server": "h000:4647"}
	for _, row := range []struct {
		name   string
		labels map[string]string
		want   float64
	}{
		{"servers", nil, 301},
		{"sessions", nil, 308},
		{"calls_in_flight", nil, 300},
		{"streams", map[string]string{"direction": "out"}, 600},
		{"streams", map[string]string{"direction": "in"}, 900},
		{"server.rtt_p50", first, 2},
		{"server.rtt_p99", first, 500},
		{"unserved", nil, 1500},
	} {
		if got := b.of(row.name, row.labels).sum; got != row.want {
			t.Errorf("%s of %v is %v, not %v", row.name, row.labels, got, row.want)
		}
	}
}
