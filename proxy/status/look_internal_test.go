package status

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

type answering struct{}

func (answering) Ping(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }

// full is a proxy of 32 servers whose record of decisions is as large as it gets.
func full(tb testing.TB) *proxy.Proxy {
	tb.Helper()
	names := make([]string, 32)
	for i := range names {
		names[i] = fmt.Sprintf("server-%02d.example.com", i)
	}
	p, err := proxy.Start(proxy.Config{Servers: names, Pinger: answering{}, Rebalance: proxy.Timing{MinInterval: time.Hour, Spread: time.Hour}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	for i := range 400 {
		s, err := p.FindServer()
		if err != nil {
			tb.Fatal(err)
		}
		if err := p.NotifyFailed(context.Background(), s, fmt.Errorf("%d %s", i, strings.Repeat("a text of a server's ", 100))); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

// What nothing has changed in is read, and not encoded.
func TestALookAtWhatHasNotChangedEncodesNothing(t *testing.T) {
	p := full(t)
	h := New(p, Config{})
	first := h.look()
	if len(first.decisions) != 256 {
		t.Fatalf("%d decisions", len(first.decisions))
	}
	first.at = first.at.Add(-lookEvery)
	if again := h.look(); again == first || again.number != first.number || &again.snapshot[0] != &first.snapshot[0] || again.decisions[0] != first.decisions[0] {
		t.Error("a second look has encoded it anew")
	}
	s, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(context.Background(), s, nil); err != nil {
		t.Fatal(err)
	}
	h.looked.Load().at = time.Time{}
	if next := h.look(); next.number != first.number+1 || len(next.since(first)) != 1 || next.decisions[0] == first.decisions[0] || next.decisions[0] != first.decisions[1] {
		t.Error("a change is not seen, or decisions that are known were encoded anew")
	}
}

// BenchmarkLook shows what a look costs, which all open streams have together, four times a
// second. Every eighth encodes the snapshot, the first one of all the decisions too.
func BenchmarkLook(b *testing.B) {
	p := full(b)
	for _, c := range []struct {
		name   string
		forget func(*Handler)
	}{
		{"idle", func(h *Handler) { h.looked.Load().at = time.Time{} }},
		{"every two seconds", func(h *Handler) { last := h.looked.Load(); last.at, last.encoded = time.Time{}, time.Time{} }},
		{"first", func(h *Handler) { h.looked.Store(nil) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := New(p, Config{})
			h.look()
			b.ReportAllocs()
			for b.Loop() {
				c.forget(h)
				h.look()
			}
		})
	}
}

// BenchmarkHealth is what a supervisor costs.
func BenchmarkHealth(b *testing.B) {
	h := New(full(b), Config{})
	b.ReportAllocs()
	for b.Loop() {
		if !h.health().Healthy {
			b.Fatal("it is not healthy")
		}
	}
}
