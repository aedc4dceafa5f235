package heartbeat_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

// leave takes the server in front away and returns the next one.
func leave(t *testing.T, p *proxy.Proxy) (next string) {
	t.Helper()
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(t.Context(), front, nil); err != nil {
		t.Fatal(err)
	}
	s, err := p.FindServer()
	if err != nil || s == front {
		t.Fatalf("%v is in front, %v", s, err)
	}
	// The one that was left answers another agent: when it is active again it is in order.
	if err := p.Send(t.Context(), messages.Recovered{Server: front, Epoch: p.View().Epoch()}); err != nil {
		t.Fatal(err)
	}
	return s.Addr
}

func TestTheServerThatBecomesActiveHearsOfTheNodeWithinHalfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(5 * time.Minute))
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		await(t, "landed", events.replies)
		for range 10 {
			time.Sleep(10 * time.Second)
			f.calls("")
			next, moved := leave(t, p), time.Now()
			r := await(t, "landed", events.replies)
			if after := time.Since(moved); r.Server.Addr != next || after > 500*time.Millisecond {
				t.Errorf("heartbeat on %v after %v, want %s", r.Server, after, next)
			}
			time.Sleep(5 * time.Second)
			if n := len(f.calls("")); n != 1 {
				t.Errorf("%d calls because of a move", n)
			}
		}
	})
}

func TestFlappingCostsOneHeartbeatInFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(grants(5 * time.Minute))
		p := overFakes(t, f)
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		await(t, "landed", events.replies)
		f.calls("")
		for range 600 { // a minute
			leave(t, p)
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(f.calls("Node.UpdateStatus")); n < 10 || n > 13 {
			t.Errorf("%d heartbeats in a minute", n)
		}
		time.Sleep(6 * time.Second)
		last := f.calls("")
		front, _ := p.FindServer()
		if len(last) != 1 || last[0].addr != front.Addr {
			t.Errorf("%v: %v is in front and has not heard of the node", last, front)
		}
	})
}

// Agents that all lose the same server do not come to the next one in one instant.
func TestAMoveOfManyAgentsIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes(func(context.Context, request) (dict, error) { return with(granted(time.Hour), "NumNodes", 100), nil })
		var all []interface{ Stop(context.Context) error }
		for i := range 100 {
			p := overFakes(t, f, addrs[0], addrs[1])
			h, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: aNode(), Seed: uint64(i + 1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stops(t, h) })
			all = append(all, p)
		}
		time.Sleep(time.Second)
		f.calls("")
		for _, p := range all {
			leave(t, p.(*proxy.Proxy))
		}
		moved := time.Now()
		time.Sleep(time.Second)
		var parts [5]int
		for _, r := range f.calls("Node.UpdateStatus") {
			parts[min(int(r.at.Sub(moved)/(100*time.Millisecond)), 4)]++
		}
		for i, n := range parts {
			if n < 8 || n > 35 {
				t.Errorf("%d of 100 in part %d of the half second: %v", n, i, parts)
			}
		}
	})
}

// A cluster that lost its state: 200 agents that believe in a fleet of 10,000 do not
// all register again in the second in which their heartbeats find out.
func TestRegistrationsAfterAClusterLostItsStateAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const agents = 200
		var lost atomic.Bool
		f := newFakes(func(_ context.Context, r request) (dict, error) {
			if lost.Load() && r.is("Node.UpdateStatus") {
				return nil, says(r, "node not found", pool.ErrUnknownNode)
			}
			return with(granted(time.Hour), "NumNodes", 10000), nil
		})
		var all []*heartbeat.Heartbeat
		for i := range agents {
			p := overFakes(t, f)
			h, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: aNode(), Seed: uint64(i + 1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stops(t, h) })
			all = append(all, h)
		}
		time.Sleep(time.Minute)
		if first := f.calls("Node.UpdateStatus"); len(first) != agents {
			t.Fatalf("%d first heartbeats", len(first))
		} else if spread := first[agents-1].at.Sub(first[0].at); spread < 8*time.Second || spread > 10*time.Second {
			t.Errorf("the first heartbeats came within %v", spread)
		}
		lost.Store(true)
		for _, h := range all { // all find out at once
			go func() { _ = h.SetStatus(t.Context(), heartbeat.Ready) }()
		}
		found := time.Now()
		time.Sleep(11 * time.Second)
		var seconds [11]int
		for _, r := range f.calls("Node.Register") {
			seconds[int(r.at.Sub(found)/time.Second)]++
		}
		for i, n := range seconds[:10] {
			if n < 8 || n > 40 {
				t.Errorf("second %d: %d of %d register; %v", i, n, agents, seconds)
			}
		}
	})
}
