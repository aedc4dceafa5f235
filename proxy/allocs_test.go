package proxy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestReadsAllocateNothing(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: names(5), Pinger: pinging(upPinger)})
	u := messages.HeartbeatUpdate{Servers: infos(names(5)...), NumNodes: 3, LeaderRPCAddr: "a"}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	var front messages.Server
	var seen int
	for name, read := range map[string]func(){
		"FindServer":     func() { front, _ = p.FindServer() },
		"View":           func() { seen += p.View().Len() },
		"NumServers":     func() { seen += p.NumServers() },
		"NumNodes":       func() { seen += p.NumNodes() },
		"LeaderAddr":     func() { seen += len(p.LeaderAddr()) },
		"ServerRPCAddrs": func() { seen += len(p.ServerRPCAddrs()) },
		"Health":         func() { seen += int(p.View().Health(front)) },
		"All": func() {
			for s := range p.View().All() {
				seen += len(s.Addr)
			}
		},
	} {
		if n := testing.AllocsPerRun(1000, read); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if seen == 0 || front == (messages.Server{}) {
		t.Error("nothing was read")
	}
}

func TestFindServerAllocatesNothingWithoutAServerEither(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	if _, err := p.Remove(within(t), active(t, p)); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = p.FindServer() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The list itself allocates nothing then (package roster has a test of it). What is
// left belongs to the round trip: the message, the channel its answer comes back
// on, the place for it there, and the answer as an effect.
func TestAnUnchangedHeartbeatAllocatesItsRoundTripOnly(t *testing.T) {
	for _, n := range []int{5, 100} {
		p := startProxy(t, proxy.Config{Servers: manyNames(n), Pinger: pinging(upPinger)})
		u := messages.HeartbeatUpdate{Servers: infos(manyNames(n)...), NumNodes: 3, LeaderRPCAddr: "a", TTL: time.Hour}
		ctx := within(t)
		beat := func() {
			if err := p.Heartbeat(ctx, u); err != nil {
				t.Error(err)
			}
		}
		beat()
		before := p.View()
		if allocs := testing.AllocsPerRun(1000, beat); allocs > 4 {
			t.Errorf("%d servers: %v allocations, want at most 4", n, allocs)
		}
		if p.View() != before {
			t.Errorf("%d servers: a heartbeat that says nothing new was published", n)
		}
	}
}

// moveWatcher observes moves only.
type moveWatcher struct{}

func (moveWatcher) Moved(proxy.MoveEvent) {}

// callWatcher observes calls and attempts, and does nothing with them.
type callWatcher struct{}

func (callWatcher) CallStart(ctx context.Context, _ proxy.CallInfo) context.Context { return ctx }
func (callWatcher) CallEnd(context.Context, proxy.CallEnd)                          {}
func (callWatcher) AttemptEnd(context.Context, proxy.AttemptEnd)                    {}

// Who observes moves pays for moves.
func TestACallAllocatesNothingForObserversOfOtherThings(t *testing.T) {
	allocs := func(observers ...proxy.Observer) (call, find, beat float64) {
		p := startProxy(t, proxy.Config{
			Servers: names(5), Pinger: embedded{upPinger, func(context.Context, string, string) error { return nil }}, Observers: observers,
		})
		ctx, u := within(t), messages.HeartbeatUpdate{Servers: infos(names(5)...), LeaderRPCAddr: "a", TTL: time.Hour}
		call = testing.AllocsPerRun(1000, func() { _ = p.Call(ctx, "Status.Ping", nil, nil) })
		find = testing.AllocsPerRun(1000, func() { _, _ = p.FindServer() })
		beat = testing.AllocsPerRun(1000, func() { _ = p.Heartbeat(ctx, u) })
		return call, find, beat
	}
	call, find, beat := allocs()
	movesCall, movesFind, movesBeat := allocs(moveWatcher{})
	if movesCall > call || movesFind > find || movesBeat > beat || find != 0 {
		t.Errorf("with an observer of moves a call, a choice and a heartbeat make %v, %v and %v allocations, without %v, %v and %v", movesCall, movesFind, movesBeat, call, find, beat)
	}
	if callsCall, _, _ := allocs(callWatcher{}); callsCall > call+2 {
		t.Errorf("with an observer of calls a call makes %v allocations, without %v", callsCall, call)
	}
}

// What carries calls costs nothing here: the call itself, its two contexts and what
// ends them, and the timer of its limit; with a soft deadline the option besides.
func TestACallThatIsAnsweredAtOnceAllocatesNoMoreThanItsContexts(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: names(5), Pinger: embedded{upPinger, func(context.Context, string, string) error { return nil }}})
	ctx, late := context.Background(), time.Now().Add(far)
	for name, c := range map[string]struct {
		most float64
		call func() error
	}{
		"plain":                {7, func() error { return p.Call(ctx, "Status.Ping", nil, nil) }},
		"with a soft deadline": {9, func() error { return p.Call(ctx, "Status.Ping", nil, nil, proxy.WithSoftDeadline(late)) }},
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if err := c.call(); err != nil {
				t.Error(err)
			}
		}); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, c.most)
		}
	}
}

// manyNames are more than there are letters.
func manyNames(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("s%03d", i))
	}
	return all
}
