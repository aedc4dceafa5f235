package proxy_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAFileSystemThatDoesNotAnswerHoldsNeitherStartNorStopUp(t *testing.T) {
	dir := t.TempDir()
	mounted := filepath.Join(dir, "disk")
	if err := os.Mkdir(mounted, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "servers.json") // it leads to the disk once the agent has started
	log := make(lines, 100)
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path, Logger: zerolog.New(log)})
	if err := os.Symlink(filepath.Join(mounted, "servers.json"), path); err != nil {
		t.Fatal(err)
	}
	end, err := testutil.MountSilent(mounted)
	if err != nil {
		testutil.Unable(t, err)
	}
	t.Cleanup(end)
	for _, others := range [][]string{{"a", "b"}, {"a", "c"}, {"a", "d"}} { // the first write waits, the last is to follow
		if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(others...), LeaderRPCAddr: "a", TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Stop(context.Background()); err != nil { // the test's own limit is the judge
		t.Error(err)
	}
	if n := log.with(p, "the file system does not answer"); n != 1 {
		t.Errorf("%d lines tell of it, want one", n)
	}

	p = startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path, Logger: zerolog.New(log)})
	holds(t, p, "a:4647")
	if n := log.with(p, "no answer within 5s"); n != 1 {
		t.Errorf("%d lines tell of it, want one", n)
	}
	if err := p.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	end()
	testutil.AwaitNone(t)
}
