package proxy_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// An operator reads how it began, when it got worse and how long it took; what
// thousands of calls and dozens of discovery runs met meanwhile is not repeated.
func TestAnEpisodeHasOneLineForEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		log := make(lines, 10_000)
		p := startProxy(t, proxy.Config{
			Servers: names(2), Logger: zerolog.New(log).Level(zerolog.InfoLevel),
			Pinger: embedded{
				pinging: func(context.Context, string) (time.Duration, error) {
					if down.Load() {
						return 0, errDown
					}
					return time.Millisecond, nil
				},
				call: func(_ context.Context, addr, method string) error {
					if down.Load() {
						return refusing(addr, method)
					}
					return nil
				},
			},
			Discoverer: discovering(func(context.Context) ([]string, error) { return nil, errDown }),
		})
		beat := func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if p.Call(ctx, "Node.UpdateStatus", nil, nil) == nil {
				u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: 20 * time.Second}
				if err := p.Heartbeat(t.Context(), u); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(time.Second)
		}
		spent := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); {
				beat()
			}
			synctest.Wait()
		}
		spent(time.Minute)
		down.Store(true)
		spent(10 * time.Minute)
		down.Store(false)
		spent(time.Minute)
		stop(t, p.Stop)

		type line struct {
			Level    string
			Message  string
			Server   string
			Next     string
			Took     string
			Failures int
		}
		var got []line
		close(log)
		for text := range log {
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			got = append(got, l)
		}
		count := map[string]int{}
		for _, l := range got {
			count[l.Level+": "+l.Message]++
			took, err := time.ParseDuration(l.Took)
			if l.Message == "recovered" && (err != nil || took < 600*time.Second || took > 615*time.Second || l.Server == "" || l.Failures == 0) {
				t.Errorf("recovered: %+v; want 600 s and the time of an attempt", l)
			}
		}
		for message, want := range map[string]int{
			"warn: failing over": 1, "warn: lost: no server answers": 1, "info: recovered": 1,
			"warn: orphaned: no heartbeat with a leader for three lifetimes: looking for servers": 0, // it was logged as lost
			"warn: discovery failed": 1,
		} {
			if count[message] != want {
				t.Errorf("%q: %d lines, want %d", message, count[message], want)
			}
		}
		if len(got) != 4 {
			t.Errorf("%d lines in all, want 4: %v", len(got), got)
		}
	})
}
