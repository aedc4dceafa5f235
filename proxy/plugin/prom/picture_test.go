package prom_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/prom"
)

// picture is a proxy of which there is nothing but what it shows.
type picture proxy.Snapshot

func (p picture) Snapshot() proxy.Snapshot { return proxy.Snapshot(p) }

// More servers than have labels of their own, each with a session and what was measured of it; and names
// of sources that are none.
func TestWhatIsReadIsBounded(t *testing.T) {
	s := proxy.Snapshot{LeftOut: 7}
	for i := range 300 {
		addr := fmt.Sprintf("h%03d:4647", i)
		s.Servers = append(s.Servers, proxy.ServerStatus{Addr: addr, Role: "primary", Health: "alive", RTT: proxy.RTT{Count: 1, P50: proxy.Seconds(2e6)}})
		s.Sessions = append(s.Sessions, proxy.SessionStatus{Server: addr, Calls: 1, Streams: 2, IncomingStreams: 3})
	}
	s.Servers = append(s.Servers, proxy.ServerStatus{Addr: token, Role: "backup", RTT: proxy.RTT{Count: 1}})
	s.Sessions = append(s.Sessions, proxy.SessionStatus{Server: token})
	for _, source := range []messages.Source{"consul", token, "token=" + token, "a\nbreak", ""} {
		s.Counts.Discoveries = append(s.Counts.Discoveries, proxy.DiscoveryCount{Source: source, Result: proxy.DiscoveryFound, Count: 1})
	}
	metrics := prom.New(prom.Config{})
	metrics.Started(picture(s))
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	servers, got := map[string]bool{}, map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				if l.GetName() == "server" {
					servers[l.GetValue()] = true
				} else {
					key += " " + l.GetName() + "=" + l.GetValue()
				}
			}
			got[key] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	if len(servers) != 129 || !servers["other"] {
		t.Errorf("%d servers have labels", len(servers))
	}
	for key, want := range map[string]float64{
		"rpcproxy_servers health=alive role=primary":            300,
		"rpcproxy_sessions":                                     308,
		"rpcproxy_calls_in_flight":                              300,
		"rpcproxy_streams direction=out":                        600,
		"rpcproxy_streams direction=in":                         900,
		"rpcproxy_server_rtt_seconds":                           128 * .002,
		"rpcproxy_discoveries_total result=found source=consul": 1,
		"rpcproxy_discoveries_total result=found source=other":  4,
	} {
		if v := got[key]; v < want-1e-9 || v > want+1e-9 {
			t.Errorf("%s is %v, not %v", key, v, want)
		}
	}
	if text := fmt.Sprint(families); strings.Contains(text, token) || strings.Contains(text, "break") {
		t.Errorf("what is no name is shown: %.2000s", text)
	}
}

// Each set of labels is counted by itself, also once it is known.
func TestCallsAndAttemptsAreCountedByTheirLabels(t *testing.T) {
	metrics := prom.New(prom.Config{})
	want := map[string]float64{}
	n := 0
	for _, name := range []string{"a", "b"} {
		for _, phase := range []pool.Phase{pool.PhaseFlushed, pool.PhaseRemote, pool.PhaseDecode} {
			n++
			want[fmt.Sprintf("rpcproxy_attempts_total phase=%v server=%s", phase, name)] = float64(n)
			for range n {
				metrics.AttemptEnd(context.Background(), proxy.AttemptEnd{Server: messages.Server{Addr: name}, Phase: phase})
			}
		}
		for _, outcome := range []proxy.CallOutcome{proxy.Answered, proxy.Rejected, proxy.NotSent} {
			n++
			want[fmt.Sprintf("rpcproxy_call_seconds method=%s outcome=%s", name, outcome)] = float64(n)
			for range n {
				metrics.CallEnd(context.Background(), proxy.CallEnd{CallInfo: proxy.CallInfo{Method: name}, Outcome: outcome})
			}
		}
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetName() + "=" + l.GetValue()
			}
			if v := m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount()); v != want[key] {
				t.Errorf("%s is %v, not %v", key, v, want[key])
			}
			delete(want, key)
		}
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}
