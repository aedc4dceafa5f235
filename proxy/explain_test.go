package proxy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// last is the newest decision with that cause.
func last(t testing.TB, e proxy.Explanation, text string) proxy.Decision {
	t.Helper()
	for i := len(e.Decisions) - 1; i >= 0; i-- {
		if d := e.Decisions[i]; strings.Contains(d.Cause, text) {
			return d
		}
	}
	t.Fatalf("no decision was caused by %q:\n%s", text, e)
	return proxy.Decision{}
}

func TestTheRecordHasTheServerThatBecameActiveWithItsCauseAndReason(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Rebalance: calm})
	failed := active(t, p)
	if err := p.NotifyFailed(within(t), failed, errDown); err != nil {
		t.Fatal(err)
	}
	e := p.Explain()
	now := active(t, p).Addr
	if e.Active != now || e.Epoch != p.View().Epoch() || e.Reason != "first of the ranking" || len(e.Servers) != 2 {
		t.Errorf("%+v", e)
	}
	if s := e.Servers[1]; s != (proxy.ListedServer{Addr: failed.Addr, Role: "primary", Health: "failed", Source: messages.SourceConfig}) {
		t.Errorf("the server that failed is listed as %+v", s)
	}
	d := last(t, e, "failure of "+failed.Addr)
	if d.Active != now || d.Epoch != e.Epoch || !strings.Contains(d.Cause, "down") {
		t.Errorf("the failure's decision is %+v", d)
	}
	did := d.String()
	for _, want := range []string{"publish epoch 2: " + now, "failing over server=" + failed.Addr + " next=" + now + " source=configuration"} {
		if !strings.Contains(did, want) {
			t.Errorf("it did\n%s\nwhich lacks %q", did, want)
		}
	}
	if err := p.NotifyFailed(within(t), active(t, p), nil); err != nil {
		t.Fatal(err)
	}
	if why := p.Explain().Reason; why != "no server answers; this one failed longest ago" {
		t.Errorf("with every server down the reason is %q", why)
	}
}

func TestAnExplanationIsTextAndJSON(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Rebalance: calm})
	u := messages.HeartbeatUpdate{Servers: infos("a", "c"), LeaderRPCAddr: "c:4647", NumNodes: 12, TTL: time.Hour}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	e := p.Explain()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back proxy.Explanation
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, back); diff != "" { // the clock's monotonic part is lost
		t.Errorf("it comes back from JSON with other contents (-was +is):\n%s", diff)
	}
	for _, want := range []string{
		"active: " + e.Active, "12 nodes", `leader "c:4647"`, "c:4647 ", "primary, unknown, from heartbeat",
		"heartbeat through the active server: 2 servers, leader c:4647, 12 nodes",
	} {
		if !strings.Contains(e.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, e)
		}
	}
}

func TestTheRecordIsBoundedAndKeepsTheNewest(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), Rebalance: calm})
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for i, list := 1, p.Explain().Decisions; i < len(list); i++ {
					if list[i].Seq <= list[i-1].Seq {
						t.Errorf("decision %d follows %d", list[i].Seq, list[i-1].Seq)
						return
					}
				}
			}
		})
	}
	for i := range 1000 {
		if _, err := p.AddPrimary(within(t), fmt.Sprintf("h%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
	list := p.Explain().Decisions
	if len(list) != 256 || list[255].Cause != "primary added: h999" || list[0].Cause != "primary added: h744" {
		t.Errorf("%d decisions, from %q to %q", len(list), list[0].Cause, list[len(list)-1].Cause)
	}
	for i, d := range list {
		if d.Seq != list[0].Seq+uint64(i) {
			t.Fatalf("the %d-th decision is number %d, the first %d", i, d.Seq, list[0].Seq)
		}
	}
}

func TestAMessageThatChangesNothingLeavesNoRecord(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), Rebalance: calm})
	u := messages.HeartbeatUpdate{Servers: infos("a"), LeaderRPCAddr: "a", TTL: time.Hour}
	beat := func() {
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
	}
	beat()
	before := len(p.Explain().Decisions)
	for range 100 {
		beat()
		if err := p.NotifyFailed(within(t), server(t, "nobody"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if after := len(p.Explain().Decisions); after != before {
		t.Errorf("%d decisions before, %d after", before, after)
	}
}

// While a server hangs the same is decided again and again, and does not push out what led to
// it.
func TestRepeatsAreOneDecision(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Rebalance: calm})
	front := active(t, p)
	if err := p.NotifyFailed(within(t), front, errDown); err != nil {
		t.Fatal(err)
	}
	hung, before := active(t, p), p.Explain().Decisions
	if _, err := p.AddPrimary(within(t), "c"); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if err := p.Send(within(t), messages.Suspected{Addr: hung.Addr}); err != nil {
			t.Fatal(err)
		}
		if err := p.Send(within(t), messages.Suspected{Addr: "c:4647"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.AddPrimary(within(t), "d"); err != nil {
		t.Fatal(err)
	}
	e := p.Explain()
	d := last(t, e, "silence of "+hung.Addr)
	if d.Kind != proxy.CauseSilence || d.Server != hung.Addr || d.Times < 100 || d.Last.Before(d.At) || len(e.Decisions) > len(before)+4 {
		t.Errorf("%d decisions, of them %+v", len(e.Decisions), d)
	}
	if a := d.Did[0]; a.Kind != proxy.ActionCorroborate || a.Server != hung.Addr || len(a.Others) == 0 {
		t.Errorf("%+v", a)
	}
	if text := d.String(); !strings.Contains(text, fmt.Sprintf("silence of %s, %d times in ", hung.Addr, d.Times)) {
		t.Errorf("it prints as %q", text)
	}
	f := last(t, e, "failure of "+front.Addr)
	if f.Kind != proxy.CauseFailure || f.Server != front.Addr || f.Times != 1 || !slices.ContainsFunc(f.Did, func(a proxy.Action) bool {
		return a.Kind == proxy.ActionFailover && a.Server == front.Addr && a.Next == hung.Addr && a.Level == "warn"
	}) {
		t.Errorf("%+v", f)
	}
}

func TestTheRecordOutlivesTheProxy(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Rebalance: calm})
	failed := active(t, p)
	if err := p.NotifyFailed(within(t), failed, errDown); err != nil {
		t.Fatal(err)
	}
	stop(t, p.Stop)
	if d := last(t, p.Explain(), "failure of "+failed.Addr); d.Active == failed.Addr {
		t.Errorf("%+v", d)
	}
}

func TestForeignTextIsCutShortInTheRecord(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), Rebalance: calm})
	long := fmt.Errorf("%s", strings.Repeat("x", 1<<20))
	if err := p.NotifyFailed(within(t), active(t, p), long); err != nil {
		t.Fatal(err)
	}
	if text := p.Explain().String(); len(text) > 4<<10 || !strings.Contains(text, "(1048576 bytes)") {
		t.Errorf("the explanation has %d bytes", len(text))
	}
}

// A heartbeat may name a thousand servers of which each is worth a line.
func TestAMessageWithManyServersLeavesAShortRecord(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), Rebalance: calm})
	for i := range 12 {
		names := []string{"a"}
		for j := range 2000 {
			names = append(names, fmt.Sprintf("bad %d %d %s", i, j, strings.Repeat("x", 1000)))
		}
		names[1] = fmt.Sprint("h", i)
		if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(names...), LeaderRPCAddr: "a", TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	e, all := p.Explain(), 0
	for _, d := range e.Decisions {
		bytes := len(d.String())
		if all += bytes; len(d.Did) > 25 || bytes > 32<<10 {
			t.Fatalf("a decision of %d lines, %d bytes", len(d.Did), bytes)
		}
	}
	if last := e.Decisions[len(e.Decisions)-1]; last.Did[0].Kind != proxy.ActionPublish && last.Did[len(last.Did)-1].Kind != proxy.ActionPublish {
		t.Errorf("%q does not end with what was published", last.Did)
	}
	if all > 1<<20 || len(e.String()) > 1<<20+1<<18 {
		t.Errorf("%d bytes of decisions, %d in all", all, len(e.String()))
	}
}
