//go:build browser

package browser_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil/browser"
)

// source is a state that stays as it is, but for the time.
type source struct {
	snapshot  proxy.Snapshot
	decisions []proxy.Decision
}

func (s source) Snapshot() proxy.Snapshot {
	s.snapshot.At = time.Now()
	return s.snapshot
}

func (s source) Explain() proxy.Explanation { return proxy.Explanation{Decisions: s.decisions} }

// many is a state of an agent with very much of everything.
func many() source {
	now := time.Now()
	s := proxy.Snapshot{
		At: now, Started: now.Add(-3 * time.Hour), Uptime: proxy.Seconds(3 * time.Hour), Active: "10.0.0.1:4647", ActiveSince: now.Add(-time.Minute),
		Reason: "first of the ranking", Epoch: 5000, NumNodes: 10_000, Leader: "10.0.0.3:4647", Tenants: 250, LeftOut: 12,
		Build:     proxy.Build{Version: "v1.2.3", Revision: "0123456789abcdef", Go: "go1.26"},
		Heartbeat: &proxy.HeartbeatStatus{Server: "10.0.0.1:4647", Age: proxy.Seconds(3 * time.Second), TTL: proxy.Seconds(far), Margin: proxy.Seconds(far)},
	}
	for i := range 300 {
		server := proxy.ServerStatus{
			Addr: fmt.Sprintf("10.0.%d.%d:4647", i/250, i%250+1), Role: "primary", Health: []string{"alive", "failed", "leaderless", "unknown"}[i%4], Source: "heartbeat",
			Active: i == 0, Retained: i == 1, Answered: uint64(i) * 1000, Failures: uint64(i % 7), RTT: proxy.RTT{Count: 5, P50: proxy.Seconds(i+1) * 1e5, P99: proxy.Seconds(i+1) * 1e6},
		}
		for slot := range 10 {
			server.RTT.Series = append(server.RTT.Series, proxy.Seconds((i+slot)%9)*1e5)
		}
		s.Servers = append(s.Servers, server)
	}
	for i := range 256 {
		s.Sessions = append(s.Sessions, proxy.SessionStatus{
			Server: s.Servers[i%3].Addr, ID: uint64(i), Tenant: i > 2, State: []string{"up", "silent", "retired"}[i%3], Doubt: i%3 == 1, TLS: i%2 == 0,
			Age: proxy.Seconds(i) * proxy.Seconds(time.Minute), Calls: int64(i), Streams: 1, BytesIn: 1 << (i % 50), BytesOut: uint64(i),
		})
	}
	reasons := []proxy.MoveReason{proxy.MoveSilent, proxy.MoveBroken, proxy.MoveRebalance, proxy.MoveRecovered}
	for i := range 32 {
		s.Moves = append(s.Moves, proxy.MoveStatus{
			At: now.Add(-time.Duration(33-i) * time.Minute), From: s.Servers[i%9].Addr, To: s.Servers[(i+1)%9].Addr, Reason: reasons[i%4], Epoch: uint64(4000 + i), Trouble: proxy.Seconds(3 * time.Second),
		})
	}
	s.Counts = proxy.Counts{
		Calls: map[proxy.CallOutcome]uint64{proxy.Answered: 1e9, proxy.NotSent: 3}, Retries: 12, RetryTokens: 99.5, Moves: map[proxy.MoveReason]uint64{proxy.MoveSilent: 24},
		Rounds: map[proxy.RoundResult]uint64{proxy.RoundAdopted: 7}, Discoveries: []proxy.DiscoveryCount{{Source: "dns", Result: proxy.DiscoveryFound, Count: 8}, {Source: "consul", Result: proxy.DiscoveryFailed, Count: 1}},
		Unserved: proxy.Seconds(90 * time.Second),
	}
	all := source{snapshot: s}
	for i := range 256 {
		d := proxy.Decision{
			Seq: uint64(i + 100), At: now.Add(time.Duration(i-300) * time.Second), Times: 1, Kind: proxy.CauseSilence, Server: "10.0.0.2:4647",
			Cause: "silence of 10.0.0.2:4647", Epoch: uint64(4000 + i), Active: s.Active, Reason: s.Reason,
		}
		if i%10 == 0 {
			d.Times, d.Last = 76, d.At.Add(80*time.Second)
		}
		for j := range 4 {
			d.Did = append(d.Did, proxy.Action{Kind: proxy.ActionLog, Level: []string{"", "info", "warn", "error"}[j], Text: fmt.Sprintf("action %d, which says what came of it", j)})
		}
		all.decisions = append(all.decisions, d)
	}
	return all
}

// markup is a text that does much if it is taken for anything but a text.
const markup = `"'><img src=x onerror="window.owned = true"><script>window.owned = true</script><style>*{display:none}</style>&lt;b&gt;${window.owned = true}`

// some is a part of many.
func some() source {
	all := many()
	all.snapshot.Servers, all.snapshot.Sessions, all.snapshot.Moves = all.snapshot.Servers[:8], all.snapshot.Sessions[:8], all.snapshot.Moves[24:]
	all.decisions = all.decisions[248:]
	return all
}

// hostile is some of many, with markup in every text.
func hostile() source {
	all, n := some(), 0
	poison(reflect.ValueOf(&all.snapshot).Elem(), &n)
	poison(reflect.ValueOf(&all.decisions).Elem(), &n)
	all.snapshot.Fault = markup
	return all
}

// poison sets every text in v to markup, each to another one.
func poison(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.String:
		*n++
		v.SetString(fmt.Sprintf("%s %d %s", markup, *n, strings.Repeat("W", 60)))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), n)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), n)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), n)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := v.MapIndex(key)
			v.SetMapIndex(key, reflect.Value{})
			poisoned := reflect.New(key.Type()).Elem()
			poison(poisoned, n)
			v.SetMapIndex(poisoned, value)
		}
	}
}

func showsHostileTexts(t *testing.T, b *browser.Browser) {
	p := open(t, b, show(t, hostile()), desk)
	do(t, p, openAll)
	awaitStates(t, p, 1)
	if eval[bool](t, p, `"owned" in window`) {
		t.Error("what a server said was run")
	}
	if n := eval[int](t, p, `document.querySelectorAll("img, b, style, body script, iframe, a:not([href='snapshot.json'], [href='state.json'], [href='healthz'], [href='debug/bundle.zip'], .skip)").length`); n != 0 {
		t.Errorf("what a server said became %d elements", n)
	}
	for _, id := range []string{"front-address", "front-why", "front-facts", "heartbeat-story", "moves", "servers", "sessions", "decisions", "counters", "build", "notice"} {
		if id == "notice" {
			await(t, p, "the fault is shown", `!document.getElementById("notice").hidden`)
		}
		if text := eval[string](t, p, fmt.Sprintf(`document.getElementById(%q).textContent`, id)); !strings.Contains(text, `"'><img src=x onerror=`) {
			t.Errorf("%s does not show the text: %.300q", id, text)
		}
	}
}

func saysWhatThereIsNot(t *testing.T, b *browser.Browser) {
	started := time.Now().Add(-time.Minute)
	pinger := proxy.Snapshot{Started: started, Uptime: proxy.Seconds(time.Minute), Active: "a:1", ActiveSince: started, Reason: "first of the ranking", Servers: []proxy.ServerStatus{{Addr: "a:1", Health: "unknown", Role: "primary", Active: true}}}
	unserved := pinger
	unserved.Active, unserved.Unserved, unserved.ActiveSince = "", true, time.Time{}
	late := pinger
	late.Heartbeat = &proxy.HeartbeatStatus{Server: "a:1", Age: proxy.Seconds(20 * time.Second), TTL: proxy.Seconds(14 * time.Second), Margin: -proxy.Seconds(6 * time.Second)}
	forever := pinger
	forever.Heartbeat = &proxy.HeartbeatStatus{Server: "a:1", Age: proxy.Seconds(2 * time.Second)}
	ended := pinger
	ended.Fault = "the owner has panicked"
	for name, test := range map[string]struct {
		of    proxy.Snapshot
		shown map[string]string
	}{
		"nothing":       {proxy.Snapshot{}, map[string]string{"front-address": "No server", "notice": "No server is known", "servers-sum": "No server is known.", "heartbeat-left": "None yet", "decisions-sum": "None yet.", "moves-sum": "No server has been in front."}},
		"no sessions":   {pinger, map[string]string{"front-address": "a:1", "sessions-sum": "None is open.", "heartbeat-story": "No heartbeat has been answered", "moves-sum": "None: a:1 has been in front all the time."}},
		"no one serves": {unserved, map[string]string{"front-address": "No server", "notice": "No server is known that serves the agent"}},
		"late":          {late, map[string]string{"heartbeat-left": "Late by "}},
		"no TTL":        {forever, map[string]string{"heartbeat-left": " ago", "heartbeat-story": "It granted no TTL."}},
		"a fault":       {ended, map[string]string{"notice": "the owner has panicked"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, b, show(t, source{test.of, nil}), desk)
			for id, text := range test.shown {
				if is := eval[string](t, p, shownText(id)); !strings.Contains(is, text) {
					t.Errorf("%s shows %q, not %q", id, is, text)
				}
			}
		})
	}
}

// In a large cluster a TTL takes minutes, and the next heartbeat is sent shortly before its end: what
// is left is a small part then, and enough.
func doesNotWarnOfALongTTL(t *testing.T, b *browser.Browser) {
	s := some()
	s.snapshot.Heartbeat = &proxy.HeartbeatStatus{Server: "a:1", Age: proxy.Seconds(25 * time.Hour), TTL: proxy.Seconds(28 * time.Hour), Margin: proxy.Seconds(3 * time.Hour)}
	p := open(t, b, show(t, s), desk)
	if state := eval[string](t, p, `document.getElementById("heartbeat-left").dataset.state`); state != "good" {
		t.Errorf("the heartbeat is %q", state)
	}
}

// With 300 servers, 256 sessions and 256 decisions, all of them open, a state in which only the
// time has changed changes only the times in the page.
func changesOnlyWhatHasChanged(t *testing.T, b *browser.Browser) {
	all := many()
	p := open(t, b, show(t, all), desk)
	await(t, p, "it has measured how many calls there are a second", shows("front-facts", "a second"))
	do(t, p, openAll)
	do(t, p, openAll) // those that "show all" has brought
	if n := eval[int](t, p, `document.querySelectorAll("#servers tbody tr, #sessions tbody tr, #decisions li.entry").length`); n != 300+256+256 {
		t.Fatalf("%d lines are shown", n)
	}
	do(t, p, `window.changes = [];
		new MutationObserver(list => window.changes.push(...list.map(({type, attributeName, target}) => [type, attributeName, target.closest("[id]").id, target.tagName, target.className, target.textContent.slice(0, 80)].join(" ")))).
			observe(document.querySelector("main"), {childList: true, characterData: true, subtree: true, attributes: true})`)
	before := spent(t, p)
	const states = 3
	awaitStates(t, p, states)
	t.Logf("%.1f ms of script, style and layout for each state and tick", (spent(t, p)-before)*1000/(2*states))
	await(t, p, "time has passed", "window.changes.length > 0")
	// How many there are says nothing: on a slow machine states that have waited are shown at once.
	for _, change := range eval[[]string](t, p, "window.changes") {
		if !passing.MatchString(change) {
			t.Errorf("something was changed that has not changed: %q", change)
			break
		}
	}
}

// passing is a change of what time itself changes: the places in the strip, the heartbeat, and how long a server is in front.
var passing = regexp.MustCompile(`^(attributes style strip|\w+ \w* (heartbeat|front-why))\b`)

// spent is how long the page has worked, in seconds.
func spent(t *testing.T, p *browser.Page) (sum float64) {
	t.Helper()
	if _, err := browser.Call(p, performance.Enable, performance.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	list, err := browser.Call(p, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Metrics {
		switch m.Name {
		case "ScriptDuration", "LayoutDuration", "RecalcStyleDuration":
			sum += m.Value
		}
	}
	return sum
}
