package roster_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// resting is how many agents are measured.
const resting = 10_000

// owner is what the pool's core asks for: its sessions carry something all the time.
type owner struct{ now time.Time }

func (o *owner) Usage(uint64) poolcore.Usage {
	return poolcore.Usage{Busy: true, Used: o.now, Heard: o.now}
}

func (*owner) Chance() float64 { return 0.5 }

func (*owner) Classify(error) (timeout, credentials bool) { return false, false }

// bytesEach is what each of many takes that are made so.
func bytesEach[T any](build func(i int) T) int {
	kept := make([]T, resting)
	before := heap()
	for i := range kept {
		kept[i] = build(i)
	}
	after := heap()
	runtime.KeepAlive(kept)
	return (after - before) / resting
}

// heap is how many bytes are in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// servers are five, as a heartbeat names them.
func servers() (list []messages.Server, infos []messages.ServerInfo) {
	for i := range 5 {
		s := messages.Server{Addr: fmt.Sprintf("10.0.0.%d:4647", i+1)}
		s.Name = s.Addr
		list = append(list, s)
		infos = append(infos, messages.ServerInfo{RPCAdvertiseAddr: s.Addr, Datacenter: "dc1", RPCMajorVersion: 1})
	}
	return list, infos
}

// TestAnAgentAtRestTakesLittleMemory measures the cores of many agents, each of which was
// served by the first of five servers for a heartbeat and has a blocking query there: a
// simulation has a million of them.
func TestAnAgentAtRestTakesLittleMemory(t *testing.T) {
	list, infos := servers()
	now := time.Unix(1_800_000_000, 0)
	fleet := roster.Share(roster.Config{Servers: list, RPCMajorVersion: 1})
	of := &owner{now: now}
	pools := &poolcore.Config{Idle: time.Minute, Silence: time.Second, Ping: time.Second, Drain: time.Minute, Dial: time.Second}
	rosterOf := func(i int) (r *roster.Roster, v *messages.View) {
		r = fleet.New("", 0, rand.New(rand.NewPCG(1, uint64(i))))
		r.Start(now)
		r.Step(now, messages.HeartbeatUpdate{Servers: infos, NumNodes: resting, LeaderRPCAddr: list[0].Addr, TTL: time.Minute})
		for _, e := range r.Take() {
			if p, is := e.(roster.Publish); is {
				v = p.View
			}
		}
		return r, v
	}
	poolOf := func(int) *poolcore.Core {
		c := poolcore.New(pools, of)
		c.Step(now, poolcore.Retain{Addr: list[0].Addr})
		c.Step(now, poolcore.Connect{Addr: list[0].Addr})
		c.Step(now, poolcore.Dialed{Addr: list[0].Addr, Session: 1})
		c.Step(now, poolcore.Proven{Addr: list[0].Addr})
		c.Take()
		return c
	}
	_, view := rosterOf(0)
	callsOf := func(int) *[2]attempt.Call {
		calls := &[2]attempt.Call{
			{Config: attempt.Config{Repeatable: true, Paced: true, RetryTimeout: time.Minute, AnswerBy: now.Add(time.Minute)}},
			{Config: attempt.Config{Repeatable: true, Paced: true, RetryTimeout: time.Minute, Block: time.Minute}},
		}
		for i := range calls {
			calls[i].Next(&attempt.Env{Now: now, View: view, Draw: func(n int64) int64 { return n / 2 }})
		}
		return calls
	}
	rosters := bytesEach(func(i int) [2]any { r, v := rosterOf(i); return [2]any{r, v} })
	inPool, inCalls := bytesEach(poolOf), bytesEach(callsOf)
	all := rosters + inPool + inCalls
	t.Logf("%d bytes: roster and view %d, pool %d, two calls %d", all, rosters, inPool, inCalls)
	if all > mostBytes {
		t.Errorf("an agent's cores take %d bytes, want %d at most", all, mostBytes)
	}
}

// mostBytes is what the cores of one agent, the view included, may take at rest.
const mostBytes = 2304
