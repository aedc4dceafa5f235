package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestASnapshotShowsServersSessionsAndCounts(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	tenant := newTenant(t, p, pool.Handlers{})
	first := active(t, p)
	for range 10 {
		if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
		if err := tenant.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	_ = p.Call(within(t), "No.Such", struct{}{}, nil)
	u := messages.HeartbeatUpdate{Servers: infos(c.Addrs()...), NumNodes: 3, LeaderRPCAddr: first.Addr, TTL: time.Hour}
	for range 2 {
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
	}
	s := p.Snapshot()
	if s.Active != first.Addr || s.ActiveSince.IsZero() || s.NumNodes != 3 || s.Leader != first.Addr || s.Unserved || s.Fault != "" || s.Tenants != 1 || s.Uptime <= 0 || s.Build.Go == "" {
		t.Errorf("%+v", s)
	}
	if len(s.Servers) != 2 || !s.Servers[0].Active || s.Servers[0].Health != "alive" || s.Servers[0].Answered < 20 ||
		s.Servers[0].RTT.Count < 20 || s.Servers[0].RTT.P50 <= 0 || s.Servers[0].RTT.P99 < s.Servers[0].RTT.P50 {
		t.Errorf("%+v", s.Servers)
	}
	if series := s.Servers[0].RTT.Series; len(series) != 10 || slices.Max(series) <= 0 || slices.Min(s.Servers[1].RTT.Series) != 0 {
		t.Errorf("%v", series)
	}
	if s.UnservedFor != 0 {
		t.Errorf("unserved for %v, although it is served", s.UnservedFor)
	}
	if s.LeftOut != 0 {
		t.Errorf("%d sessions are left out", s.LeftOut)
	}
	tenants := 0
	for _, session := range s.Sessions {
		if session.Tenant {
			tenants++
		}
		if session.State != "up" || session.Since.IsZero() || session.TLS || session.Doubt || session.Calls != 0 || session.BytesIn == 0 || session.BytesOut == 0 || session.Quiet < 0 {
			t.Errorf("%+v", session)
		}
	}
	if tenants != 1 {
		t.Errorf("%d sessions of tenants: %+v", tenants, s.Sessions)
	}
	if h := s.Heartbeat; h == nil || h.TTL.Duration() != time.Hour || h.Margin <= 0 || h.AtReply <= 0 || h.Server != first.Addr {
		t.Errorf("%+v", h)
	}
	n := s.Counts
	if n.Calls[proxy.Answered] != 20 || n.Calls[proxy.Rejected] != 1 || n.Retries != 1 || n.RetryTokens != 1000 || n.Pool.Dials == 0 || n.Pool.BytesIn == 0 {
		t.Errorf("%+v", n)
	}
	// The next one shows the failure.
	if err := p.NotifyFailed(within(t), first, errDown); err != nil {
		t.Fatal(err)
	}
	s = p.Snapshot()
	if len(s.Moves) != 1 || s.Moves[0].From != first.Addr || s.Moves[0].Reason != proxy.MoveFailed || s.Counts.Moves[proxy.MoveFailed] != 1 || s.Servers[1].Failures != 1 {
		t.Errorf("%+v", s)
	}
	for range 100 {
		if err := p.NotifyFailed(within(t), active(t, p), errDown); err != nil {
			t.Fatal(err)
		}
	}
	if s = p.Snapshot(); !s.Unserved || s.Counts.Unserved < 0 || len(s.Moves) != 32 {
		t.Errorf("without a server: %+v", s)
	}
	if again := p.Snapshot(); again.Counts.Unserved <= s.Counts.Unserved || again.UnservedFor <= s.UnservedFor {
		t.Errorf("the time without a server does not go on: %v", again.Counts.Unserved)
	}
	stop(t, p.Stop)
	if s := p.Snapshot(); len(s.Sessions) != 0 || len(s.Servers) != 2 {
		t.Errorf("stopped: %+v", s)
	}
}

func TestASnapshotShowsStreamsInBothDirections(t *testing.T) {
	c := startCluster(t, 1)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	conn, err := p.Stream(within(t), "Echo.Stream")
	if err != nil {
		t.Fatal(err)
	}
	sessions := func() proxy.SessionStatus { return p.Snapshot().Sessions[0] }
	eventually(t, "the stream is shown", func() bool { s := sessions(); return s.Streams == 1 && s.Calls == 0 })
	_ = conn.Close()
	eventually(t, "it is not shown any more", func() bool { s := sessions(); return s.Streams == 0 && s.Calls == 0 })
}

func TestASnapshotOverAPingerShowsTheTimesOfItsProbes(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: names(3), Pinger: pinging(func(context.Context, string) (time.Duration, error) { return 8 * time.Millisecond, nil })})
	if _, err := p.Rebalance(within(t)); err != nil {
		t.Fatal(err)
	}
	s := p.Snapshot()
	if q := s.Servers[0].RTT; q.Count != 1 || q.P50.Duration() < 7*time.Millisecond || q.P50.Duration() > 9*time.Millisecond || len(s.Sessions) != 0 {
		t.Errorf("%+v", s)
	}
	if s.Counts.Rounds[proxy.RoundAdopted] != 1 {
		t.Errorf("%+v", s.Counts)
	}
}

var snake = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)

// names of all objects, also those inside others.
func jsonNames(v any, add func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			add(name)
			jsonNames(inner, add)
		}
	case []any:
		for _, inner := range v {
			jsonNames(inner, add)
		}
	}
}

func TestASnapshotComesBackFromJSON(t *testing.T) {
	c := startCluster(t, 1)
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Discoverer: discovering(func(context.Context) ([]string, error) { return nil, errDown })})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(c.Addrs()...), TTL: 1500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	s := p.Snapshot()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back proxy.Snapshot
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("it comes back with other contents (-was +is):\n%s", diff)
	}
	if !strings.Contains(string(text), `"ttl":1.5,`) {
		t.Errorf("durations are no seconds in %s", text)
	}
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	jsonNames(all, func(name string) {
		if !snake.MatchString(name) {
			t.Errorf("%q is not in snake case", name)
		}
	})
}

func TestSecondsAreExactInJSON(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 1: "0.000000001", -1: "-0.000000001", time.Second: "1", -1500 * time.Millisecond: "-1.5", time.Hour + time.Microsecond: "3600.000001",
	} {
		text, err := json.Marshal(proxy.Seconds(d))
		var back proxy.Seconds
		if bad := json.Unmarshal(text, &back); err != nil || bad != nil || string(text) != want || back.Duration() != d {
			t.Errorf("%v: %s, %v, %v, and back %v", d, text, err, bad, back)
		}
	}
	if err := json.Unmarshal([]byte(`"x"`), new(proxy.Seconds)); err == nil {
		t.Error("a text was taken for seconds")
	}
}

// A token may be wherever an agent or a server puts it by mistake.
func TestNoSnapshotHasASecret(t *testing.T) {
	const token = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"
	p := startProxy(t, proxy.Config{
		Servers: names(2), NodeID: token, Pinger: embedded{upPinger, func(context.Context, string, string) error { return errors.New(token) }},
		Discoverer: speaking{discovering(func(context.Context) ([]string, error) { return nil, errors.New(token) }), "consul token=" + token},
	})
	for _, s := range p.View().Addrs() { // without a server it looks for some
		if _, err := p.Remove(within(t), server(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "discovery has failed", func() bool { return len(p.Snapshot().Counts.Discoveries) > 0 })
	if err := p.SetServers(within(t), "x", "y"); err != nil {
		t.Fatal(err)
	}
	_ = p.Call(within(t), "Job.Register", map[string]any{"AuthToken": token}, nil)
	if err := p.NotifyFailed(within(t), active(t, p), errors.New("token="+token)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p.Snapshot())
	if err != nil || strings.Contains(string(text), token) {
		t.Errorf("%v: %s", err, text)
	}
}
