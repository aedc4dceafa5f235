package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

// change is a line of --json.
type change struct {
	At                                          time.Time
	Kind, Level, Server, From, To, Reason, Text string
	Status                                      *struct {
		State, Version, Source string
		Front                  bool     `json:"in_front"`
		RTT                    *float64 `json:"rtt_ms"`
		Probes, Lost           int
		Leader                 bool
	}
}

// changesIn reads lines of --json.
func changesIn(t *testing.T, text string) (all []change) {
	t.Helper()
	for line := range strings.Lines(text) {
		var c change
		if err := json.Unmarshal([]byte(line), &c); err != nil || c.Kind == "" || c.Text == "" || c.At.IsZero() {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, c)
	}
	return all
}

// lineReader is a writer that hands out the lines that are written, one by one. Once it has ended they are lost: a
// line that nobody waits for any more is no reason for the program to end with another status.
type lineReader struct {
	lines chan string
	rest  []byte
	ended <-chan struct{}
}

func (l *lineReader) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(b), nil
		}
		l.rest = rest
		select {
		case l.lines <- string(line):
		case <-l.ended:
		}
	}
}

// running is the program in this process, while it runs.
type running struct {
	t     *testing.T
	lines chan string
	seen  []string
	stop  func() (status int, errs string)
}

func startProgram(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &lineReader{lines: make(chan string), ended: ctx.Done()}
	var errs bytes.Buffer
	status := make(chan int, 1)
	go func() { status <- run(ctx, demo.Scenario{}, args, out, &errs) }()
	stop := func() (int, string) {
		cancel()
		return <-status, errs.String()
	}
	return &running{t: t, lines: out.lines, stop: stop}
}

// prints waits for a line with all of these texts.
func (r *running) prints(texts ...string) string {
	r.t.Helper()
	limited := time.NewTimer(limit)
	defer limited.Stop()
lines:
	for {
		select {
		case line := <-r.lines:
			r.seen = append(r.seen, line)
			for _, text := range texts {
				if !strings.Contains(line, text) {
					continue lines
				}
			}
			return line
		case <-limited.C:
			r.t.Fatalf("it does not print %q, but\n%s", texts, strings.Join(r.seen, "\n"))
		}
	}
}

func TestWatchPrintsALineForEachChangeWhereThereIsNoTerminal(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		c := startCluster(t)
		args := []string{"watch", ample, "--interval", "100ms", "--servers", strings.Join(c.Addrs(), ",")}
		if asJSON {
			args = append(args, "--json")
		}
		r := startProgram(t, args...)
		r.prints(c.Addrs()[2], "alive")
		c.Kill(2)
		r.prints(c.Addrs()[2] + " failed: ") // and why: a probe that was under way was cut, the next one is refused
		if err := c.Restart(2); err != nil {
			t.Fatal(err)
		}
		r.prints(c.Addrs()[2] + " answers after")
		status, errs := r.stop()
		expect(t, status, exitInterrupted, strings.Join(r.seen, "\n"), errs)
		if !asJSON {
			checkScreen(t, "lines", strings.Join(r.seen, "\n"))
			continue
		}
		states, fronts := 0, 0
		for _, c := range changesIn(t, strings.Join(r.seen, "\n")) {
			if c.Kind == "server" && c.Status.Front {
				fronts++
			}
			if c.Kind == "state" && c.From == "alive" && c.To == "failed" && c.Level == "warn" && c.Reason != "" && strings.HasSuffix(c.Text, " failed: "+c.Reason) {
				states++
			}
		}
		if states != 1 || fronts != 1 {
			t.Errorf("%d states, %d servers in front: %q", states, fronts, r.seen)
		}
	}
}

func TestWatchOncePrintsTheServersAndEnds(t *testing.T) {
	c := startCluster(t)
	leader, err := c.AwaitLeader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"watch", "--once", ample, "--servers", strings.Join(c.Addrs(), ",")}
	out, errs, status := program(t, args...)
	expect(t, status, exitOK, out, errs)
	for _, part := range append(c.Addrs(), "3 servers  leader "+leader, " in front for ", "SERVER", "2.0.6") {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	c.Kill(1)
	out, errs, status = program(t, append(args, "--json")...)
	expect(t, status, exitOK, out, errs)
	all, fronts := changesIn(t, out), 0
	for i, got := range all {
		want := "alive"
		if i == 1 {
			want = "failed"
		}
		if got.Kind != "server" || got.Server != c.Addrs()[i] || got.Status == nil || got.Status.State != want || got.Status.Probes == 0 {
			t.Errorf("%d: %+v", i, got)
		}
		if got.Status.Front {
			fronts++
		}
	}
	if len(all) != 3 || fronts != 1 || !strings.Contains(all[1].Reason, "refused") || all[0].Status.RTT == nil {
		t.Errorf("%s", out)
	}
	c.Kill(0)
	c.Kill(2)
	out, errs, status = program(t, args...)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "no server answers") || !strings.Contains(out, "3 servers, 3 failed") || !strings.Contains(out, "connection refused") {
		t.Errorf("out %s, err %s", out, errs)
	}
}

// serveStatus serves the status of an agent that knows the servers of a cluster.
func serveStatus(t *testing.T, c *testutil.Cluster) (p *proxy.Proxy, url string) {
	t.Helper()
	p, err := proxy.Start(proxy.Config{Servers: c.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(status.New(p, status.Config{}))
	t.Cleanup(func() {
		s.Close()
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := p.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return p, s.URL
}

func TestWatchShowsTheStateOfAnAgent(t *testing.T) {
	c := startCluster(t)
	p, url := serveStatus(t, c)
	if err := p.Call(t.Context(), "Status.Leader", map[string]any{"Region": "global"}, new(string)); err != nil {
		t.Fatal(err)
	}
	out, errs, code := program(t, "watch", "--once", "--agent", url, ample)
	expect(t, code, exitOK, out, errs)
	for _, part := range append(c.Addrs(), "3 servers", "in front", "SESSION", "#", "primary", "configuration") {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	r := startProgram(t, "watch", "--json", "--agent", url, ample)
	r.prints(`"kind":"server"`, c.Addrs()[0])
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(t.Context(), front, errors.New("planted")); err != nil {
		t.Fatal(err)
	}
	move := changesIn(t, r.prints(`"kind":"move"`))[0]
	if move.From != front.Addr || move.To == "" || move.Reason != "failed" || !strings.Contains(move.Text, "planted") {
		t.Errorf("%+v", move)
	}
	status, errs := r.stop()
	expect(t, status, exitInterrupted, "", errs)
}

func TestWatchSaysWhatIsNoAgent(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(page.Close)
	for addr, says := range map[string]string{page.URL: "a page of HTML", "http://127.0.0.1:1": "refused"} {
		out, errs, status := program(t, "watch", "--once", "--agent", addr, ample)
		expect(t, status, exitFailed, out, errs)
		if !strings.Contains(errs, says) || out != "" {
			t.Errorf("%q, %q", out, errs)
		}
	}
	r := startProgram(t, "watch", "--agent", page.URL, ample)
	r.prints("WARN the agent does not tell its state: it answers with a page of HTML")
	status, errs := r.stop()
	expect(t, status, exitInterrupted, "", errs)
}

func TestAnAgentThatIsNotServedIsNoSuccess(t *testing.T) {
	c := startCluster(t)
	p, url := serveStatus(t, c)
	for _, s := range c.Servers() {
		c.Kill(number(c, s))
	}
	ctx, stop := context.WithCancel(t.Context())
	called := make(chan error, 1)
	go func() { called <- p.Call(ctx, "Status.Leader", map[string]any{"Region": "global"}, new(string)) }() // it finds out
	for range p.Watch(t.Context()) {
		if p.Snapshot().Unserved {
			break
		}
	}
	stop()
	if err := <-called; err == nil {
		t.Error("a call was answered")
	}
	out, errs, code := program(t, "watch", "--once", "--agent", url, ample)
	expect(t, code, exitFailed, out, errs)
	if !strings.Contains(errs, "not served") {
		t.Errorf("%q, %q", out, errs)
	}
}

func number(c *testutil.Cluster, s *testutil.Server) int {
	for i, other := range c.Servers() {
		if other == s {
			return i
		}
	}
	return -1
}

func TestNothingOfAServerOrAnAgentReachesTheTerminalAsItIsInWatch(t *testing.T) {
	c := startCluster(t)
	var state []byte
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte("event: state\ndata: " + string(state) + "\n\n"))
		}
	}))
	t.Cleanup(agent.Close)
	for i, text := range testutil.HostileTexts() {
		text = text[:min(len(text), 64<<10)] // more is no state of an agent
		for _, s := range c.Servers() {
			s.Heal()
			s.Inject(testutil.AppError("Status.Ping", text))
		}
		var err error
		state, err = json.Marshal(map[string]any{
			"snapshot": proxy.Snapshot{
				At: time.Now(), Active: text, Reason: text, Leader: text, Fault: text,
				Servers:  []proxy.ServerStatus{{Addr: text, Health: text, Role: text}, {Addr: "x", Active: true}},
				Sessions: []proxy.SessionStatus{{Server: "x", State: text}},
				Moves:    []proxy.MoveStatus{{From: text, To: text, Reason: proxy.MoveReason(text), Epoch: 1}},
			},
			"decisions": []proxy.Decision{{Seq: 1, Cause: text, Epoch: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range []string{
			"watch --once --servers " + strings.Join(c.Addrs(), ","), "watch --once --json --servers " + strings.Join(c.Addrs(), ","),
			"watch --once --agent " + agent.URL, "watch --once --json --agent " + agent.URL,
		} {
			out, errs, status := program(t, strings.Fields(args+" "+ample)...)
			if out == "" || status == exitUsage {
				t.Errorf("%d %s: status %d, %q", i, args, status, errs)
			}
			checkScreen(t, args, out)
			checkScreen(t, args, errs)
		}
	}
}
