package proxy_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestWatchYieldsTheViewAndThenEachChange(t *testing.T) {
	p := listed(t, "a", "b")
	next, end := iter.Pull(p.Watch(within(t)))
	defer end()
	if v, ok := next(); !ok || v != p.View() {
		t.Fatal("the first view is not the current one")
	}
	if err := p.NotifyFailed(within(t), active(t, p), nil); err != nil {
		t.Fatal(err)
	}
	v, ok := next()
	if front, _ := v.Active(); !ok || v != p.View() || front != server(t, "b") {
		t.Fatalf("%v, %s", ok, picture(v))
	}
}

func TestASlowWatcherDoesNotBlockTheOwnerAndSeesTheLatest(t *testing.T) {
	p := listed(t, "a")
	next, end := iter.Pull(p.Watch(within(t)))
	defer end()
	first, _ := next()
	for i := range 600 { // more than any mailbox holds
		if _, err := p.AddPrimary(within(t), fmt.Sprint("s", i)); err != nil {
			t.Fatal(err)
		}
	}
	if v, ok := next(); !ok || v != p.View() || v.Len() != 601 {
		t.Fatalf("%v: from epoch %d the watcher went to %d, want the newest", ok, first.Epoch(), v.Epoch())
	}
}

// A watcher may see none of the views in which a server has failed.
func TestAViewTellsHowOftenAServerHasComeToFail(t *testing.T) {
	p := listed(t, "a", "b")
	failures := func(of messages.Server) (n uint64) {
		for r := range p.View().Ranking() {
			if r.Server == of {
				n = r.Failures
			}
		}
		return n
	}
	first := active(t, p)
	for n := range uint64(3) {
		if got := failures(first); got != n {
			t.Fatalf("it has failed %d times, want %d", got, n)
		}
		for range 2 { // the second notice tells nothing new
			if err := p.NotifyFailed(within(t), first, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Send(within(t), messages.Recovered{Server: first, Epoch: p.View().Epoch()}); err != nil {
			t.Fatal(err)
		}
	}
	if second := active(t, p); second == first || failures(second) != 0 {
		t.Errorf("%v has failed %d times", second, failures(second))
	}
}

func TestWatchEndsWhenTheProxyIsStopped(t *testing.T) {
	p := listed(t, "a")
	var watchers sync.WaitGroup
	begun := make(chan struct{}, 10)
	for range 10 {
		watchers.Go(func() {
			for range p.Watch(context.Background()) {
				begun <- struct{}{}
			}
		})
	}
	for range 10 {
		<-begun
	}
	stop(t, p.Stop)
	ends(t, "the watchers", watchers.Wait)
}

func TestWatchEndsWithItsContextAndWithItsLoop(t *testing.T) {
	p := listed(t, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	ends(t, "a watch whose context has ended", func() {
		for range p.Watch(ctx) {
			n++
			cancel()
		}
	})
	if n != 1 {
		t.Errorf("%d views without a change", n)
	}
	for v := range p.Watch(within(t)) {
		if v.Len() != 2 {
			t.Error(picture(v))
		}
		break
	}
}

func TestEpochsGrowForEveryWatcher(t *testing.T) {
	p := listed(t, "a", "b", "c")
	var watchers sync.WaitGroup
	begun := make(chan struct{}, 8)
	for range 8 {
		watchers.Go(func() {
			last := uint64(0)
			for v := range p.Watch(within(t)) {
				if v.Epoch() <= last {
					t.Errorf("epoch %d after %d", v.Epoch(), last)
				}
				if last == 0 {
					begun <- struct{}{}
				}
				if last = v.Epoch(); v.NumNodes() == 200 {
					return
				}
			}
			t.Error("the last view was not seen")
		})
	}
	for range 8 {
		<-begun
	}
	for n := range 200 {
		u := messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), NumNodes: n + 1, LeaderRPCAddr: "a"}
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
	}
	watchers.Wait()
}
