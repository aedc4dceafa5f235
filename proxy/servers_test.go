package proxy_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestSetServersTakesAllOrNothing(t *testing.T) {
	p := listed(t, "a", "b")
	if err := p.SetServers(within(t), "b", "C", "c:4647", "b"); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "b:4647", "c:4647")
	before := p.View()
	err := p.SetServers(within(t), "d", "bad one", "e", "nomad:0")
	all, ok := errors.AsType[*messages.AddrsError](err)
	if !ok || len(all.Errs) != 2 || all.Errs[0].Input != "bad one" || all.Errs[1].Input != "nomad:0" {
		t.Errorf("%v", err)
	}
	if err := p.SetServers(within(t)); !errors.Is(err, messages.ErrNoAddrs) {
		t.Errorf("no address: %v", err)
	}
	if p.View() != before {
		t.Errorf("the list was %s\nand is %s", picture(before), picture(p.View()))
	}
	if source := p.View().Source(server(t, "c")); source != messages.SourceManual {
		t.Errorf("c comes from %q", source)
	}
}

func TestAddBackupAddsAndSetBackupsReplaces(t *testing.T) {
	p := listed(t, "a")
	backups := func(want ...string) {
		t.Helper()
		if got := roles(p.View(), messages.Backup); !slices.Equal(got, want) {
			t.Errorf("the backups are %q, want %q", got, want)
		}
	}
	for range 2 {
		if err := p.AddBackup(within(t), "x", "y", "a"); err != nil {
			t.Fatal(err)
		}
		backups("x:4647", "y:4647")
	}
	if all, ok := errors.AsType[*messages.AddrsError](p.AddBackup(within(t), "z", "nomad:0")); !ok || len(all.Errs) != 1 {
		t.Errorf("%v", all)
	}
	if err := p.AddBackup(within(t), "z"); err != nil {
		t.Fatal(err)
	}
	backups("x:4647", "y:4647", "z:4647")
	if err := p.SetBackups(within(t), "y"); err != nil {
		t.Fatal(err)
	}
	backups("y:4647")
}

// What runs on a server that is no longer listed is not cut.
func TestACallOnAServerThatIsReplacedByHandRunsToItsEnd(t *testing.T) {
	c := startCluster(t, 2)
	entered, release := make(chan struct{}), make(chan struct{})
	c.Server(0).Handle("Test.Hold", func(context.Context, *testutil.Request) (any, error) {
		close(entered)
		<-release
		return map[string]any{}, nil
	})
	p := startProxy(t, proxy.Config{Servers: c.Addrs()[:1]})
	held := make(chan error, 1)
	ctx := within(t)
	go func() { held <- p.Call(ctx, "Test.Hold", struct{}{}, nil, proxy.WithClass(proxy.AtMostOnce)) }()
	<-entered
	if err := p.SetServers(within(t), c.Addrs()[1]); err != nil {
		t.Fatal(err)
	}
	shown(t, p, c.Addrs()[1])
	var by messages.Server
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&by)); err != nil || by.Addr != c.Addrs()[1] {
		t.Errorf("%v, answered by %v", err, by)
	}
	close(release)
	if err := <-held; err != nil {
		t.Errorf("the call on the former server: %v", err)
	}
}

// A heartbeat overrides what was given by hand. When the servers that it named are
// gone, those given by hand are the ones to come back to.
func TestServersGivenAtRunTimeAreReachedAfterTheOldOnesAreGone(t *testing.T) {
	for name, give := range map[string]func(p *proxy.Proxy, addr string) error{
		"SetServers":      func(p *proxy.Proxy, addr string) error { return p.SetServers(within(t), addr) },
		"SetServers, two": func(p *proxy.Proxy, addr string) error { return p.SetServers(within(t), "127.0.0.1:1", addr) },
		"AddPrimary":      func(p *proxy.Proxy, addr string) error { return second(p.AddPrimary(within(t), addr)) },
		"AddBackup":       func(p *proxy.Proxy, addr string) error { return p.AddBackup(within(t), addr) },
		"a message": func(p *proxy.Proxy, addr string) error {
			reply := actor.NewReply[error]()
			if err := p.Send(within(t), messages.SetServers{Addrs: []string{addr}, Reply: reply}); err != nil {
				return err
			}
			return <-reply.Chan()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCluster(t, 2)
			old, fresh := c.Addrs()[0], c.Addrs()[1]
			p := startProxy(t, proxy.Config{Servers: []string{old}})
			if err := give(p, fresh); err != nil {
				t.Fatal(err)
			}
			u := messages.HeartbeatUpdate{Servers: infos(old), NumNodes: 1, LeaderRPCAddr: old, From: server(t, old)}
			if err := p.Heartbeat(within(t), u); err != nil {
				t.Fatal(err)
			}
			if got := roles(p.View(), messages.Primary); !slices.Equal(got, []string{old}) {
				t.Fatalf("after the heartbeat the primaries are %q", got)
			}
			c.Server(0).Kill()
			var by messages.Server
			err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&by), proxy.WithClass(proxy.Read))
			if err != nil || by.Addr != fresh {
				t.Errorf("%v, answered by %v: %s", err, by, picture(p.View()))
			}
		})
	}
}

// The addresses of the configuration are not tried once others took their place.
func TestServersSetByHandStandInPlaceOfTheConfiguredOnes(t *testing.T) {
	p := listed(t, "a", "b")
	if err := p.SetServers(within(t), "c"); err != nil {
		t.Fatal(err)
	}
	u := messages.HeartbeatUpdate{Servers: infos("z"), NumNodes: 1, LeaderRPCAddr: "z", From: server(t, "z")}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "z:4647")
	if err := p.NotifyFailed(within(t), server(t, "z"), errDown); err != nil {
		t.Fatal(err)
	}
	shown(t, p, "z:4647", "c:4647")
	if active(t, p) != server(t, "c") {
		t.Errorf("active is %v", active(t, p))
	}
}
