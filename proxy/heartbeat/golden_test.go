package heartbeat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
	"github.com/open-nomad/rpcproxy/testutil"
)

// replay runs a Heartbeat against a recording of real servers.
func replay(t *testing.T, name string) (*heartbeat.Heartbeat, events) {
	t.Helper()
	recorded, err := testutil.LoadGolden(name)
	if err != nil {
		t.Fatal(err)
	}
	player, err := testutil.StartPlayer(testutil.PlayerConfig{Transcript: recorded})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stops(t, player) })
	p, err := proxy.Start(proxy.Config{Servers: []string{player.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stops(t, p) })
	cfg, events := listening(heartbeat.Config{})
	return start(t, p, cfg), events
}

func TestTheRepliesOfRealServersAreRead(t *testing.T) {
	t.Parallel()
	h, events := replay(t, "register_heartbeat")
	r := await(t, "registered", events.registered)
	if r.TTL != 11951381435 || r.Index != 103 || !r.IdentityRenewed || r.NumNodes != 15 || len(r.Servers) != 3 || r.SchedulingEligibility != "eligible" {
		t.Errorf("%+v", r)
	}
	identity := h.AuthToken()
	if !strings.HasPrefix(identity, "eyJ") {
		t.Errorf("token %q", identity)
	}
	if r := await(t, "ready", events.replies); r.TTL != 17968012894 || r.Index != 104 {
		t.Errorf("%+v", r)
	}
	if err := h.SetStatus(within(t), heartbeat.Ready); err != nil {
		t.Fatal(err)
	}
	if r := await(t, "landed", events.replies); r.TTL != 16405228937 || r.Index != 0 || r.LeaderRPCAddr != "127.0.0.2:4647" {
		t.Errorf("%+v", r)
	}
}

// The third heartbeat of the recording meets a leader that stops: a follower answers
// that it could not forward it, in several words. It succeeds when there is a leader.
func TestAHeartbeatSucceedsWhenTheLeaderIsInterrupted(t *testing.T) {
	t.Parallel()
	h, events := replay(t, "leader_interrupted")
	for landed := 0; landed < 5; {
		_ = h.SetStatus(within(t), heartbeat.Ready) // it may get the error of the first try
		await(t, "landed", events.replies)
		landed++
	}
	if n := len(events.refused); n > 0 {
		t.Errorf("%d registrations failed", n)
	}
	if r := await(t, "registered", events.registered); r.TTL < 10*time.Second || len(events.registered) != 0 {
		t.Errorf("%+v, and %d more", r, len(events.registered))
	}
}
