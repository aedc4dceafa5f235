package proxy_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Each test here and in the neighbouring defects files holds down one defect of
// the system that this one replaces.

// agent is a node that registers through the proxy and feeds it the replies.
type agent struct {
	id string
	p  *proxy.Proxy
}

type agentReply struct {
	Servers       []messages.ServerInfo
	NumNodes      int
	LeaderRPCAddr string
	HeartbeatTTL  time.Duration
}

func (a agent) beat(t *testing.T) agentReply {
	t.Helper()
	type node struct {
		ID, SecretID, Datacenter, Name string
		Attributes                     map[string]string
	}
	type register struct {
		Region string
		Node   node
	}
	var reply agentReply
	err := a.p.Call(within(t), "Node.Register", register{"global", node{
		testutil.NodeID(a.id), a.id + "-secret", "dc1", a.id, map[string]string{"nomad.version": "2.0.6"},
	}}, &reply)
	if err != nil {
		t.Fatal(err)
	}
	err = a.p.Heartbeat(within(t), messages.HeartbeatUpdate{
		Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr, TTL: reply.HeartbeatTTL,
	})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestDefect05NodeCountAndLeaderFollowAnUnchangedServerSet(t *testing.T) {
	c := startCluster(t, 3)
	first := agent{"first", startProxy(t, proxy.Config{Servers: c.Addrs()})}
	second := agent{"second", startProxy(t, proxy.Config{Servers: c.Addrs()})}
	first.beat(t)
	servers, leader := slices.Sorted(slices.Values(first.p.ServerRPCAddrs())), c.Leader()
	if first.p.NumNodes() != 1 || first.p.LeaderAddr() != leader {
		t.Fatalf("%d nodes, leader %q; want 1 and %q", first.p.NumNodes(), first.p.LeaderAddr(), leader)
	}
	second.beat(t)
	c.Kill(slices.Index(c.Addrs(), leader))
	successor, err := c.AwaitLeader(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ServerAt(leader).Restart(); err != nil {
		t.Fatal(err)
	}
	first.beat(t)
	if got := slices.Sorted(slices.Values(first.p.ServerRPCAddrs())); !slices.Equal(got, servers) {
		t.Fatalf("the servers were %q and are %q: the test shows nothing", servers, got)
	}
	if first.p.NumNodes() != 2 || first.p.LeaderAddr() != successor || successor == leader {
		t.Fatalf("%d nodes, leader %q; want 2 and %q", first.p.NumNodes(), first.p.LeaderAddr(), successor)
	}
}

// Run with -race, this finds a read that is not synchronised; without, one that
// sees half of an update.
func TestDefect05ReadersSeeNodeCountAndLeaderOfOneHeartbeat(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	tell := func(n int) {
		u := messages.HeartbeatUpdate{Servers: infos(c.Addrs()...), NumNodes: n, LeaderRPCAddr: fmt.Sprint("leader-", n)}
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Error(err)
		}
	}
	tell(1)
	ctx, finish := context.WithCancel(within(t))
	defer finish()
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				v := p.View()
				if v.LeaderAddr() != fmt.Sprint("leader-", v.NumNodes()) {
					t.Errorf("%d nodes beside %q", v.NumNodes(), v.LeaderAddr())
					return
				}
				_, _, _ = p.NumNodes(), p.LeaderAddr(), p.NumServers()
			}
		})
	}
	for w := range 4 {
		writers.Go(func() {
			for i := range 100 {
				tell(w*1000 + i)
			}
		})
	}
	writers.Wait()
	finish()
	readers.Wait()
}

func TestDefect06AViewThatSomebodyHoldsNeverChanges(t *testing.T) {
	c := startCluster(t, 4)
	all := c.Addrs()
	p := startProxy(t, proxy.Config{Servers: all[:3]})
	held := p.View()
	before, addrs := picture(held), p.ServerRPCAddrs()
	copied := slices.Clone(addrs)
	ctx, finish := context.WithCancel(within(t))
	defer finish()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if got := picture(held); got != before {
					t.Errorf("the view was %s\nand is %s", before, got)
					return
				}
			}
		})
	}
	for range 8 {
		front := active(t, p)
		for _, err := range []error{
			p.Heartbeat(ctx, messages.HeartbeatUpdate{Servers: infos(all[3], all[0]), NumNodes: 5, LeaderRPCAddr: all[0]}),
			p.NotifyFailed(ctx, front, errDown),
			p.SetBackups(ctx, all[1], all[2]),
			second(p.Rebalance(ctx)),
			second(p.Remove(ctx, front)),
			second(p.AddPrimary(ctx, front.Addr)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	finish()
	readers.Wait()
	if got := picture(held); got != before || !slices.Equal(addrs, copied) || p.View() == held {
		t.Errorf("the view was %s\nand is %s", before, got)
	}
}

// second is the error of a call whose value is of no interest.
func second[T any](_ T, err error) error { return err }

func TestDefect08ARemovedServerDoesNotComeBackAtARebalance(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	gone := active(t, p)
	if was, err := p.Remove(within(t), gone); !was || err != nil {
		t.Fatalf("removing: %v, %v", was, err)
	}
	for range 5 {
		result, err := p.Rebalance(within(t))
		if err != nil || !result.Adopted {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	if p.View().Contains(gone) || p.NumServers() != 2 {
		t.Errorf("%v is back: %s", gone, picture(p.View()))
	}
	if n := c.ServerAt(gone.Addr).Counts().Accepted; n != 0 {
		t.Errorf("the removed server was connected to %d times", n)
	}
}

func TestDefect09AFailingServerIsLeftAfterItsMetadataChanged(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	picked := active(t, p)
	described := infos(c.Addrs()...)
	for i := range described {
		described[i].Datacenter, described[i].RPCMinorVersion = "dc9", 7
	}
	if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: described, NumNodes: 1, LeaderRPCAddr: c.Leader()}); err != nil {
		t.Fatal(err)
	}
	renamed := messages.Server{Name: "known by another name", Addr: picked.Addr}
	if err := p.NotifyFailed(within(t), renamed, errDown); err != nil {
		t.Fatal(err)
	}
	if now := active(t, p); now.Addr == picked.Addr || p.View().Health(picked) != messages.Failed {
		t.Fatalf("%v failed and the view is %s", picked, picture(p.View()))
	}

	failing := active(t, p)
	c.ServerAt(failing.Addr).Kill()
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got); err != nil || got.Server == failing.Addr {
		t.Fatalf("%+v, %v", got, err)
	}
	if active(t, p) == failing {
		t.Fatalf("%v is dead and in front", failing)
	}
}

func TestDefect10FailureNoticesThatComeTogetherAreAllTaken(t *testing.T) {
	c := startCluster(t, 5)
	for range 20 {
		p := startProxy(t, proxy.Config{Servers: c.Addrs()})
		down, last := p.View().Servers()[:4], p.View().Servers()[4]
		begin := make(chan struct{})
		var senders sync.WaitGroup
		for range 8 {
			for _, s := range down {
				senders.Go(func() {
					<-begin
					if err := p.NotifyFailed(within(t), s, errDown); err != nil {
						t.Error(err)
					}
				})
			}
		}
		close(begin)
		senders.Wait()
		for _, s := range down {
			if p.View().Health(s) != messages.Failed {
				t.Errorf("the notices about %v were lost: %s", s, picture(p.View()))
			}
		}
		if active(t, p) != last {
			t.Errorf("active is %v, want the one that did not fail, %v", active(t, p), last)
		}
	}
}
