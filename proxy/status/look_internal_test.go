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
	first.encoded = first.encoded.Add(time.Hour) // only for a change, however slow this is
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

// given is a source that has what it was given.
type given struct {
	s proxy.Snapshot
	e proxy.Explanation
}

func (g *given) Snapshot() proxy.Snapshot   { return g.s }
func (g *given) Explain() proxy.Explanation { return g.e }

// What matters is sent at once, each of it by itself; what changes all the time is not.
func TestAChangeOfEachThingThatMattersIsSeen(t *testing.T) {
	began := time.Now()
	for name, c := range map[string]struct {
		change func(*given)
		seen   bool
	}{
		"active":               {func(g *given) { g.s.Active = "b:1" }, true},
		"epoch":                {func(g *given) { g.s.Epoch++ }, true},
		"fault":                {func(g *given) { g.s.Fault = "panic" }, true},
		"unserved":             {func(g *given) { g.s.Unserved = true }, true},
		"left out":             {func(g *given) { g.s.LeftOut++ }, true},
		"tenants":              {func(g *given) { g.s.Tenants++ }, true},
		"a move":               {func(g *given) { g.s.Counts.Moves[proxy.MoveFailed]++ }, true},
		"a heartbeat":          {func(g *given) { g.s.Heartbeat.Age = 0 }, true},
		"its TTL":              {func(g *given) { g.s.Heartbeat.TTL++ }, true},
		"its server":           {func(g *given) { g.s.Heartbeat.Server = "b:1" }, true},
		"no heartbeat":         {func(g *given) { g.s.Heartbeat = nil }, true},
		"a server's address":   {func(g *given) { g.s.Servers[0].Addr = "c:1" }, true},
		"its health":           {func(g *given) { g.s.Servers[0].Health = "failed" }, true},
		"its role":             {func(g *given) { g.s.Servers[0].Role = "backup" }, true},
		"its failures":         {func(g *given) { g.s.Servers[0].Failures++ }, true},
		"that it was retained": {func(g *given) { g.s.Servers[0].Retained = true }, true},
		"a server less":        {func(g *given) { g.s.Servers = g.s.Servers[:1] }, true},
		"a session's state":    {func(g *given) { g.s.Sessions[0].State = "silent" }, true},
		"a new session":        {func(g *given) { g.s.Sessions[0].ID++ }, true},
		"a session of another": {func(g *given) { g.s.Sessions[0].Tenant = true }, true},
		"a session elsewhere":  {func(g *given) { g.s.Sessions[0].Server = "b:1" }, true},
		"no session":           {func(g *given) { g.s.Sessions = nil }, true},
		"a decision":           {func(g *given) { g.e.Decisions = append(g.e.Decisions, proxy.Decision{Seq: 2, Times: 1}) }, true},
		"a decision again":     {func(g *given) { g.e.Decisions[0].Times++ }, true},
		"a decision later":     {func(g *given) { g.e.Decisions[0].Last = began }, true},

		"nothing": {func(*given) {}, false},
		"time": {func(g *given) {
			g.s.At = g.s.At.Add(time.Second)
			g.s.Heartbeat.Age += proxy.Seconds(time.Second)
			g.s.Uptime++
		}, false},
		"calls":         {func(g *given) { g.s.Servers[0].Answered++; g.s.Sessions[0].Calls++; g.s.Counts.Retries++ }, false},
		"round trips":   {func(g *given) { g.s.Servers[0].RTT.P50++ }, false},
		"bytes, quiet":  {func(g *given) { g.s.Sessions[0].BytesIn++; g.s.Sessions[0].Quiet++ }, false},
		"unserved time": {func(g *given) { g.s.UnservedFor++ }, false},
	} {
		g := &given{
			s: proxy.Snapshot{
				At: began, Started: began.Add(-time.Minute), Active: "a:1", Epoch: 7,
				Heartbeat: &proxy.HeartbeatStatus{Server: "a:1", Age: proxy.Seconds(time.Second), TTL: proxy.Seconds(time.Minute)},
				Servers:   []proxy.ServerStatus{{Addr: "a:1", Health: "alive"}, {Addr: "b:1", Health: "alive"}},
				Sessions:  []proxy.SessionStatus{{Server: "a:1", ID: 1, State: "ready"}},
				Counts:    proxy.Counts{Moves: map[proxy.MoveReason]uint64{}},
			},
			e: proxy.Explanation{Decisions: []proxy.Decision{{Seq: 1, Times: 1}}},
		}
		h := New(g, Config{})
		first := h.look()
		first.at = time.Time{}
		first.encoded = first.encoded.Add(time.Hour) // only for a change, however slow this is
		c.change(g)
		if seen := h.look().number != first.number; seen != c.seen {
			t.Errorf("%s: seen: %v", name, seen)
		}
	}
}

// What the last stream has seen is not kept: it may be large.
func TestNothingIsKeptAfterTheLastStream(t *testing.T) {
	h := New(&given{}, Config{})
	for range 2 {
		h.streams <- struct{}{}
	}
	h.look()
	h.forget()
	if h.looked.Load() == nil {
		t.Error("it is forgotten while another stream needs it")
	}
	<-h.streams
	h.forget()
	if h.looked.Load() != nil {
		t.Error("it is kept")
	}
}

func TestALargeEventIsFollowedByALongerPause(t *testing.T) {
	for bytes, want := range map[int]time.Duration{0: lookEvery, 10_000: lookEvery, 1 << 20: lookEvery, 2 << 20: time.Second / 2, 1 << 30: sendEvery} {
		if got := pause(bytes); got != want {
			t.Errorf("after %d bytes: %v, want %v", bytes, got, want)
		}
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
