package proxy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// calm has no round follow soon on a failover, which could bring the server that
// failed in front again.
var calm = proxy.Timing{Spread: far}

// listed starts a proxy over servers that are all alive, of which none exists.
// They are ranked in the order given, which a start alone would not do. A round asks one of
// them: none is silent, also where this process is not run before its answer is taken.
func listed(t testing.TB, servers ...string) *proxy.Proxy {
	t.Helper()
	p := startProxy(t, proxy.Config{Servers: servers[:1], Pinger: pinging(upPinger), ProbeStagger: far, Rebalance: calm})
	for _, s := range servers[1:] {
		if _, err := p.AddPrimary(within(t), s); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestAHeartbeatWithoutAUsableServerIsRefusedAndTheListStays(t *testing.T) {
	p := listed(t, "a", "b")
	for n, servers := range [][]messages.ServerInfo{
		nil,
		infos("", "a b", "c:0"),
		{{RPCAdvertiseAddr: "d", RPCMajorVersion: 1}},
	} {
		u := messages.HeartbeatUpdate{Servers: servers, NumNodes: n + 7, LeaderRPCAddr: "leader"}
		refused, ok := errors.AsType[*messages.UpdateError](p.Heartbeat(within(t), u))
		if !ok || refused.Offered != len(servers) || len(refused.Causes) != len(servers) {
			t.Errorf("%v: %v", servers, refused)
		}
		shown(t, p, "a:4647", "b:4647")
		if p.NumNodes() != n+7 || p.LeaderAddr() != "leader" {
			t.Errorf("%d nodes, leader %q: they are taken from a refused heartbeat too", p.NumNodes(), p.LeaderAddr())
		}
	}
}

func TestARefusedHeartbeatNamesTheBadAddress(t *testing.T) {
	err := listed(t, "a").Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos("nomad:0")})
	if bad, ok := errors.AsType[*messages.AddrError](err); !ok || bad.Input != "nomad:0" {
		t.Errorf("%v", err)
	}
}

func TestAHeartbeatTakesTheGoodServersAndLeavesTheBadOut(t *testing.T) {
	p := listed(t, "a", "b")
	u := messages.HeartbeatUpdate{Servers: append(infos("b", "nomad:0", "c"),
		messages.ServerInfo{RPCAdvertiseAddr: "new", RPCMajorVersion: 1}), LeaderRPCAddr: "b"}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "b:4647", "c:4647")
}

func TestAnUnchangedHeartbeatPublishesNothing(t *testing.T) {
	p := listed(t, "a", "b")
	u := messages.HeartbeatUpdate{Servers: infos("a", "b"), NumNodes: 3, LeaderRPCAddr: "a"}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	view := p.View()
	slices.Reverse(u.Servers)
	if err := p.Heartbeat(within(t), u); err != nil || p.View() != view {
		t.Fatalf("%v; %s", err, picture(p.View()))
	}
}

func TestSetBackupsTakesAllOrNothing(t *testing.T) {
	p := listed(t, "a")
	if err := p.SetBackups(within(t), "x", "y"); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "a:4647", "x:4647", "y:4647")
	view := p.View()
	err := p.SetBackups(within(t), "z", "bad one", "w", "nomad:0")
	all, ok := errors.AsType[*messages.AddrsError](err)
	if !ok || len(all.Errs) != 2 || !strings.Contains(err.Error(), `"bad one"`) || !strings.Contains(err.Error(), `"nomad:0"`) {
		t.Errorf("%v", err)
	}
	if p.View() != view {
		t.Errorf("refused, and the view is %s", picture(p.View()))
	}
	if err := p.SetBackups(within(t), "y", "a"); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "a:4647", "y:4647")
	if got := roles(p.View(), messages.Backup); !slices.Equal(got, []string{"y:4647"}) {
		t.Errorf("the backups are %q; a primary stays one", got)
	}
	if err := p.SetBackups(within(t)); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "a:4647")
}

func TestAddPrimaryAnswersTheServer(t *testing.T) {
	p := listed(t, "a")
	if err := p.SetBackups(within(t), "x"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		s, err := p.AddPrimary(within(t), "Nomad.Example.com")
		if err != nil || s != (messages.Server{Name: "Nomad.Example.com", Addr: "nomad.example.com:4647"}) {
			t.Fatalf("%+v, %v", s, err)
		}
		shown(t, p, "a:4647", "nomad.example.com:4647", "x:4647")
	}
	s, err := p.AddPrimary(within(t), "a b")
	if bad, ok := errors.AsType[*messages.AddrError](err); !ok || bad.Input != "a b" || s != (messages.Server{}) {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos("a"), LeaderRPCAddr: "a"}); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "a:4647", "x:4647")
}

func TestRemoveReportsWhetherTheServerWasThere(t *testing.T) {
	p := listed(t, "a", "b")
	a := active(t, p)
	for _, want := range []bool{true, false} {
		if was, err := p.Remove(within(t), a); was != want || err != nil {
			t.Fatalf("%v, %v; want %v", was, err, want)
		}
		if active(t, p) != server(t, "b") {
			t.Fatalf("active is %v, want the next", active(t, p))
		}
	}
}

func TestRebalanceTellsHowItEnded(t *testing.T) {
	p := listed(t, "a", "b", "c")
	result, err := p.Rebalance(within(t))
	if err != nil || !result.Adopted || result.Frozen || result.Probed != 1 || result.Active != active(t, p) {
		t.Fatalf("%+v, %v; active %v", result, err, active(t, p))
	}
	if p.View().Health(result.Active) != messages.Alive {
		t.Error("a server that answered is alive")
	}
}

func TestNotifyFailedReadsItsOwnWrite(t *testing.T) {
	p := listed(t, "a", "b", "c")
	for range 300 {
		front := active(t, p)
		if err := p.NotifyFailed(within(t), front, nil); err != nil {
			t.Fatal(err)
		}
		if active(t, p) == front {
			t.Fatalf("%v failed and is in front: %s", front, picture(p.View()))
		}
	}
}

func TestANoticeAboutTheOnlyServerKeepsIt(t *testing.T) {
	p := listed(t, "a")
	only := active(t, p)
	if err := p.NotifyFailed(within(t), only, errDown); err != nil || active(t, p) != only {
		t.Fatalf("%v, %v", active(t, p), err)
	}
	if err := p.NotifyFailed(within(t), server(t, "stranger"), errDown); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "a:4647")
}

func TestEveryMessageCanBeSentWithoutWaitingForIt(t *testing.T) {
	p := listed(t, "a", "b", "c")
	a, b := server(t, "a"), server(t, "b")
	for _, s := range []struct {
		message messages.Message
		shows   func(*messages.View) bool
	}{
		{messages.RebalanceTick{}, func(v *messages.View) bool { // until then none has answered
			front, some := v.Active()
			return some && v.Health(front) == messages.Alive
		}},
		{messages.FailureNotice{Server: a, Err: errDown}, func(v *messages.View) bool { return v.Health(a) == messages.Failed }},
		{messages.Recovered{Server: a}, func(v *messages.View) bool { return v.Health(a) == messages.Alive }},
		{messages.RemoveServer{Server: b}, func(v *messages.View) bool { return !v.Contains(b) }},
		{messages.AddPrimary{Addr: "d"}, func(v *messages.View) bool { return v.Contains(server(t, "d")) }},
		{messages.AddBackup{Addrs: []string{"x"}}, func(v *messages.View) bool { return len(roles(v, messages.Backup)) == 1 }},
		{messages.SetBackups{Addrs: []string{"y", "z"}}, func(v *messages.View) bool { return len(roles(v, messages.Backup)) == 2 }},
		{messages.SetServers{Addrs: []string{"a", "f"}}, func(v *messages.View) bool { return len(roles(v, messages.Primary)) == 2 }},
		{messages.HeartbeatUpdate{Servers: infos("a", "e"), NumNodes: 5, LeaderRPCAddr: "a"}, func(v *messages.View) bool {
			return v.NumNodes() == 5 && v.Contains(server(t, "e"))
		}},
		{messages.AddPrimary{Addr: "bad address"}, nil},
		{messages.AddBackup{Addrs: []string{"bad address"}}, nil},
		{messages.SetBackups{Addrs: []string{"bad address"}}, nil},
		{messages.SetServers{Addrs: []string{"bad address"}}, nil},
		{messages.SetServers{}, nil},
		{messages.Suspected{Addr: "a:4647"}, nil},
		{messages.ProbeDone{Round: 99, Server: a, Err: errDown}, nil},
		{messages.DiscoveryDone{Run: 99, Found: []messages.Found{{Addr: "y"}}}, nil},
	} {
		before := p.View()
		if err := p.Send(within(t), s.message); err != nil {
			t.Fatalf("%T: %v", s.message, err)
		}
		if s.shows != nil {
			awaitView(t, p, picture(before), s.shows)
			continue
		}
		// What is answered was taken after it: it changed nothing.
		if _, err := p.Remove(within(t), server(t, "stranger")); err != nil || p.View() != before {
			t.Errorf("%T: %v; the view was %s\nand is %s", s.message, err, picture(before), picture(p.View()))
		}
	}
}

func TestAValueThatIsNoMessageIsRefused(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	for _, m := range []messages.Message{nil, (*messages.RebalanceTick)(nil), &messages.AddBackup{Addrs: []string{"b"}}} {
		err := p.Send(within(t), m)
		if bad, ok := errors.AsType[*proxy.MessageError](err); !ok || bad.Type != fmt.Sprintf("%T", m) {
			t.Errorf("%T: %v", m, err)
		}
	}
}
