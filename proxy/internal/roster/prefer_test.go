package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// named is a heartbeat of from, which knows the leader l.
func (g *rig) named(from string, addrs ...string) {
	g.t.Helper()
	g.step(messages.HeartbeatUpdate{Servers: infos(addrs...), NumNodes: 5, LeaderRPCAddr: "l", TTL: 15 * time.Second, From: serv(g.t, from)})
}

// answers reports that a server has answered a call.
func (g *rig) answers(addr string) {
	g.step(messages.Recovered{Server: serv(g.t, addr), Epoch: g.view.Epoch()})
}

func TestAHeartbeatDoesNotPutUnreachedServersBeforeAWorkingOne(t *testing.T) {
	for _, tt := range []struct {
		what  string
		begin func(*rig)
		was   string
		from  string
		names []string
		want  string
	}{
		{
			what: "the active backup becomes a primary", begin: func(g *rig) {
				g.noQuorum("a")
				g.step(messages.AddBackup{Addrs: []string{"p"}})
				g.answers("p")
			},
			was: "a~ | *p+", from: "p", names: []string{"q", "r", "p"}, want: "*p+ q r",
		},
		{
			what: "it has just answered for the first time", begin: func(g *rig) {
				g.noQuorum("a")
				g.step(messages.AddBackup{Addrs: []string{"p"}})
			},
			was: "a~ | *p", from: "p", names: []string{"q", "r", "p"}, want: "*p+ q r",
		},
		{
			what: "of several that work it is the one", begin: func(g *rig) {
				g.noQuorum("a")
				g.step(messages.AddBackup{Addrs: []string{"p", "s"}})
				g.answers("s")
				g.answers("p")
			},
			was: "a~ | *p+ s+", from: "p", names: []string{"q", "s", "p"}, want: "*p+ q s+",
		},
		{
			what: "the active server leaves, and another one works", begin: func(g *rig) {
				g.named("a", "a", "b", "c")
				g.answers("c")
			},
			was: "*a+ b c+", from: "c", names: []string{"b", "c", "d"}, want: "*c+ b d",
		},
		{
			what: "the active server stays what it is", begin: func(g *rig) {
				g.named("b", "a", "b")
			},
			was: "*a b+", from: "b", names: []string{"a", "b", "c"}, want: "*a b+ c",
		},
		{
			what: "a backup that was never reached is retained, and the server that carried the heartbeat too", begin: func(g *rig) {
				g.fail("a")
				g.step(messages.AddBackup{Addrs: []string{"p"}})
			},
			was: "a! | *p", from: "a", names: []string{"q"}, want: "*a+^ p^ q",
		},
		{
			what: "there was no server", begin: func(g *rig) { g.step(messages.RemoveServer{Server: serv(g.t, "a")}) },
			was: "", from: "c", names: []string{"b", "c"}, want: "*c+ b",
		},
	} {
		g := newRig(t, "a")
		tt.begin(g)
		g.expect(tt.was)
		g.named(tt.from, tt.names...)
		if got := picture(g.view); got != tt.want {
			t.Errorf("%s: %q becomes %q, want %q", tt.what, tt.was, got, tt.want)
		}
		before := g.view
		if g.named(tt.from, tt.names...); g.view != before {
			t.Errorf("%s: the same heartbeat once more makes of it %q", tt.what, picture(g.view))
		}
	}
}

func TestTheServerThatAnswersInPlaceOfRetainedOnesBecomesActive(t *testing.T) {
	g := newRig(t, "a")
	g.named("a", "x", "y", "z")
	g.expect("*a+^ x y z")
	g.answers("y")
	g.expect("*y+ x z")

	g = newRig(t, "a") // a has become leaderless meanwhile, and x carries the calls
	g.named("a", "x", "y", "z")
	g.noQuorum("a")
	g.expect("*x y z a~^")
	g.answers("y")
	g.expect("*y+ x z")
}
