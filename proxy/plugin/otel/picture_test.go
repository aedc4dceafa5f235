package otel_test

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/otel"
)

// picture is a proxy of which there is nothing but what it shows.
type picture proxy.Snapshot

func (p picture) Snapshot() proxy.Snapshot { return proxy.Snapshot(p) }

// More servers than have names of their own, each with a session and what was measured of it; and names
// of sources that are none.
func TestWhatIsReadIsBounded(t *testing.T) {
	s := proxy.Snapshot{LeftOut: 7}
	for i := range 300 {
		addr := fmt.Sprintf("h%03d:4647", i)
		s.Servers = append(s.Servers, proxy.ServerStatus{Addr: addr, Role: "primary", Health: "alive", RTT: proxy.RTT{Count: 1, P50: proxy.Seconds(2e6)}})
		s.Sessions = append(s.Sessions, proxy.SessionStatus{Server: addr, Calls: 1, Streams: 2, IncomingStreams: 3})
	}
	s.Servers = append(s.Servers, proxy.ServerStatus{Addr: token, RTT: proxy.RTT{Count: 1}})
	s.Sessions = append(s.Sessions, proxy.SessionStatus{Server: token})
	for _, source := range []messages.Source{"consul", token, "token=" + token, "a\nbreak", ""} {
		s.Counts.Discoveries = append(s.Counts.Discoveries, proxy.DiscoveryCount{Source: source, Result: proxy.DiscoveryFound, Count: 1})
	}
	seen := newTelemetry(t)
	seen.observer(t, otel.Config{}).Started(picture(s))
	got := seen.collect(t)
	servers := map[string]bool{}
	for _, m := range got {
		_, sets, _ := points(m)
		for _, set := range sets {
			if v, found := set.Value("server.address"); found {
				servers[v.AsString()] = true
			}
		}
	}
	if len(servers) != 129 || !servers["_OTHER"] {
		t.Errorf("%d servers have names", len(servers))
	}
	direction, source := attribute.Key("rpcproxy.stream.direction"), attribute.Key("rpcproxy.discovery.source")
	for _, row := range []struct {
		name string
		of   attribute.KeyValue
		want float64
	}{
		{"rpcproxy.servers", attribute.String("rpcproxy.server.role", "primary"), 300},
		{"rpcproxy.sessions", attribute.String("server.address", "_OTHER"), 300 - 128 + 1 + 7},
		{"rpcproxy.streams", direction.String("out"), 600},
		{"rpcproxy.streams", direction.String("in"), 900},
		{"rpcproxy.server.rtt", attribute.Float64("rpcproxy.quantile", .5), 128 * .002},
		{"rpcproxy.discoveries", source.String("consul"), 1},
		{"rpcproxy.discoveries", source.String("_OTHER"), 4},
	} {
		if v := sum(got[row.name], row.of); v < row.want-1e-9 || v > row.want+1e-9 {
			t.Errorf("%s of %v is %v, not %v", row.name, row.of, v, row.want)
		}
	}
	if text := seen.shown(t); strings.Contains(text, token) || strings.Contains(text, "break") {
		t.Errorf("what is no name is shown: %.2000s", text)
	}
}
