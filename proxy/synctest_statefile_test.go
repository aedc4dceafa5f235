package proxy_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

func TestAListThatCouldNotBeSavedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "later")
		path := filepath.Join(dir, "servers.json")
		log := make(lines, 100)
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path, Logger: zerolog.New(log).Level(zerolog.WarnLevel)})
		u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: time.Hour}
		if err := p.Heartbeat(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Second)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, err := lastgood.Load(context.Background(), path); err != nil || len(got) != 2 {
			t.Errorf("kept %v, %v", got, err)
		}
		if n := log.with(p, "could not be saved"); n != 1 {
			t.Errorf("%d warnings, want one", n)
		}
		stop(t, p.Stop)
	})
}
