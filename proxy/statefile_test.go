package proxy_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// kept waits until the file holds these servers.
func kept(t testing.TB, path string, want ...string) {
	t.Helper()
	slices.Sort(want)
	eventually(t, "the file holds the servers", func() bool {
		got, err := lastgood.Load(context.Background(), path)
		return err == nil && slices.Equal(got, want)
	})
}

func TestAnAgentWhoseConfigurationIsOutOfDateStartsFromTheServersThatWorked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	old, cluster := startCluster(t, 1), startCluster(t, 3)
	first := startProxy(t, proxy.Config{Servers: cluster.Addrs()[:1], StateFile: path})
	u := messages.HeartbeatUpdate{Servers: infos(cluster.Addrs()...), LeaderRPCAddr: cluster.Addrs()[0], TTL: time.Hour}
	if err := first.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	kept(t, path, cluster.Addrs()...)
	stop(t, first.Stop)

	configured := old.Addrs()[0]
	old.Kill(0) // which keeps its port from everybody else
	p := startProxy(t, proxy.Config{Servers: []string{configured}, StateFile: path})
	if front := active(t, p).Addr; front != configured {
		t.Errorf("%s is in front: what is configured goes first", front)
	}
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	view := p.View()
	if got := roles(view, messages.Backup); len(got) != 3 || view.Source(active(t, p)) != messages.SourceFile {
		t.Errorf("the remembered servers are %q; %s", got, picture(view))
	}

	// A heartbeat with a leader makes the memory superfluous, as soon as one of those
	// it names has answered. Whether the one that has so far is among them is chance.
	u.Servers = infos(cluster.Addrs()[:2]...)
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	awaitView(t, p, "one of those named has answered", func(v *messages.View) bool { return v.Len() == 2 })
	holds(t, p, cluster.Addrs()[:2]...)
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	if s := active(t, p); p.View().Source(s) != messages.SourceHeartbeat {
		t.Errorf("%s comes from %s", s, p.View().Source(s))
	}
	kept(t, path, cluster.Addrs()[:2]...)
}

func TestADamagedFileIsReportedAndIgnored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	if err := os.WriteFile(path, []byte(`{"version":1,"checksum":"sha256:00","servers":["evil:1"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	log := make(lines, 100)
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path, Logger: zerolog.New(log).Level(zerolog.WarnLevel)})
	holds(t, p, "a:4647")
	if n := log.with(p, "is damaged"); n != 1 {
		t.Errorf("%d lines tell of the damage, want one", n)
	}
	u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: time.Hour}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	kept(t, path, "a:4647", "b:4647")
}

func TestAFileThatCannotBeWrittenStopsNothing(t *testing.T) {
	log := make(lines, 100)
	p := startProxy(t, proxy.Config{
		Servers: []string{"a"}, Pinger: pinging(upPinger),
		StateFile: filepath.Join(t.TempDir(), "absent", "servers.json"), Logger: zerolog.New(log),
	})
	u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: time.Hour}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	stop(t, p.Stop) // what is to be saved is saved, or not, by then
	if n := log.with(p, "could not be saved"); n != 1 {
		t.Errorf("%d lines tell of it, want one", n)
	}
}

func TestOnlyAListThatWorksIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	silent := pinging(func(ctx context.Context, _ string) (time.Duration, error) { <-ctx.Done(); return 0, ctx.Err() })
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: silent, StateFile: path})
	for _, u := range []messages.HeartbeatUpdate{
		{Servers: infos("a", "b"), TTL: time.Hour},                     // without a leader
		{Servers: infos("x", "y"), LeaderRPCAddr: "x", TTL: time.Hour}, // they were never reached
	} {
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
	}
	// Nor when none is retained, because none works.
	p2 := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: silent, StateFile: path})
	if err := p2.NotifyFailed(within(t), active(t, p2), nil); err != nil {
		t.Fatal(err)
	}
	u := messages.HeartbeatUpdate{Servers: infos("x", "y"), LeaderRPCAddr: "x", TTL: time.Hour, From: server(t, "z")}
	if err := p2.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	stop(t, p.Stop)
	stop(t, p2.Stop)
	if got, err := lastgood.Load(context.Background(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("kept %v, %v", got, err)
	}
}

func TestTheServersOfAHeartbeatAreSavedWhenTheProxyHasStopped(t *testing.T) {
	for range 50 {
		path := filepath.Join(t.TempDir(), "servers.json")
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path})
		u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: time.Hour}
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
		stop(t, p.Stop)
		if got, err := lastgood.Load(context.Background(), path); err != nil || len(got) != 2 {
			t.Fatalf("kept %v, %v", got, err)
		}
	}
}

func TestServersThatWereReplacedByHandAreInNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	if err := lastgood.Save(path, []string{"a:4647", "b:4647", "x:4647"}); err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinging(upPinger), StateFile: path})
	if err := p.SetServers(within(t), "no address"); err == nil {
		t.Error("a bad address is taken")
	}
	kept(t, path, "a:4647", "b:4647", "x:4647")
	if err := p.SetServers(within(t), "b", "c"); err != nil {
		t.Fatal(err)
	}
	kept(t, path, "b:4647") // c has not been seen to work
	if p.View().Contains(messages.Server{Addr: "a:4647"}) || p.View().Contains(messages.Server{Addr: "x:4647"}) {
		t.Errorf("%s", picture(p.View()))
	}
	stop(t, p.Stop)
	again := startProxy(t, proxy.Config{Servers: []string{"c"}, Pinger: pinging(upPinger), StateFile: path})
	if v := again.View(); v.Contains(messages.Server{Addr: "a:4647"}) || !v.Contains(messages.Server{Addr: "b:4647"}) {
		t.Errorf("%s", picture(v))
	}
	if err := again.SetServers(within(t), "c"); err != nil {
		t.Fatal(err)
	}
	kept(t, path)
}
