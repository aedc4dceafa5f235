//go:build reality

package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// meter counts the dials of all real agents.
type meter struct {
	addrs   []string
	number  map[string]int
	began   time.Time
	dials   [][]atomic.Int64
	refused [][]atomic.Int64
}

func newMeter(addrs []string, began time.Time, seconds int) *meter {
	m := &meter{addrs: addrs, number: map[string]int{}, began: began}
	for n, addr := range addrs {
		m.number[addr] = n
		m.dials = append(m.dials, make([]atomic.Int64, seconds))
		m.refused = append(m.refused, make([]atomic.Int64, seconds))
	}
	return m
}

// dial is for a pool. A dial counts in the second in which it begins, as simulated ones do.
func (m *meter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	since := time.Since(m.began)
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	n, known := m.number[addr]
	second := int(since / time.Second)
	switch {
	case since < 0 || !known || second >= len(m.dials[n]):
	case err == nil:
		m.dials[n][second].Add(1)
	case errors.Is(err, syscall.ECONNREFUSED):
		m.refused[n][second].Add(1)
	}
	return conn, err
}

func (m *meter) course(active []int) *course {
	c := &course{active: active}
	for n := range m.addrs {
		var dials, refused []int
		for i := range m.dials[n] {
			dials = append(dials, int(m.dials[n][i].Load()))
			refused = append(refused, int(m.refused[n][i].Load()))
		}
		c.dials, c.refused = append(c.dials, dials), append(c.refused, refused)
	}
	return c
}

// realAgent calls over a real proxy as a simulated agent does: a heartbeat as often as it is
// granted, which is to be answered within half of what servers wait beyond the TTL, and a blocking
// query all the time. Both are made again a while after they were given up.
type realAgent struct {
	proxy *proxy.Proxy
	id    string
	works sync.WaitGroup
}

type (
	nodeArgs struct {
		Node   map[string]any
		Region string
	}
	beatArgs  struct{ NodeID, Status, Region, AuthToken string }
	watchArgs struct {
		NodeID, SecretID, Region, AuthToken string
		AllowStale                          bool
		MinQueryIndex                       uint64
		MaxQueryTime                        time.Duration
	}
	beatReply struct {
		HeartbeatTTL  time.Duration
		NumNodes      int
		LeaderRPCAddr string
		Servers       []messages.ServerInfo
	}
	watchReply struct{ Index uint64 }
)

// startAgent starts an agent, which calls until ctx ends.
func startAgent(ctx context.Context, m *meter, i int) (*realAgent, error) {
	p, err := proxy.Start(proxy.Config{Servers: m.addrs, RPCMajorVersion: 1, Pool: pool.Config{Dial: m.dial}})
	if err != nil {
		return nil, err
	}
	a := &realAgent{proxy: p, id: testutil.NodeID(fmt.Sprint("reality ", i))}
	a.works.Go(func() {
		if !a.register(ctx) {
			return
		}
		a.works.Go(func() { a.watch(ctx) })
		a.beat(ctx)
	})
	return a, nil
}

// end waits for the calls, whose context has ended, and stops the proxy.
func (a *realAgent) end() {
	a.works.Wait()
	_ = a.proxy.Stop(context.Background())
}

// register enters the node; false: ctx has ended.
func (a *realAgent) register(ctx context.Context) bool {
	args := nodeArgs{Region: "global", Node: map[string]any{
		"ID": a.id, "SecretID": a.id, "Datacenter": "dc1", "Name": a.id, "Status": "initializing",
		"Attributes": map[string]string{"os.name": "any"}, "Resources": map[string]any{"CPU": 1},
	}}
	for a.proxy.Call(ctx, "Node.Register", args, new(beatReply)) != nil {
		if !restLoop(ctx) {
			return false
		}
	}
	return true
}

func (a *realAgent) watch(ctx context.Context) {
	args := watchArgs{
		NodeID: a.id, SecretID: a.id, Region: "global", AuthToken: a.id, AllowStale: true, MaxQueryTime: 5 * time.Minute,
	}
	for ctx.Err() == nil {
		var reply watchReply
		if err := a.proxy.Call(ctx, "Node.GetClientAllocs", args, &reply); err != nil {
			restLoop(ctx)
			continue
		}
		args.MinQueryIndex = max(reply.Index, 1)
	}
}

func (a *realAgent) beat(ctx context.Context) {
	args := beatArgs{NodeID: a.id, Status: "ready", Region: "global", AuthToken: a.id}
	for wait := rand.N(10 * time.Second); rest(ctx, wait); {
		due := time.Now()
		for ctx.Err() == nil {
			var reply beatReply
			var from messages.Server
			err := a.proxy.Call(ctx, "Node.UpdateStatus", args, &reply,
				proxy.WithSoftDeadline(due.Add(5*time.Second)), proxy.WithAnsweredBy(&from))
			if err != nil {
				restLoop(ctx)
				continue
			}
			_ = a.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{
				Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr,
				TTL: reply.HeartbeatTTL, From: from,
			})
			wait = reply.HeartbeatTTL
			break
		}
	}
}

// restLoop waits for a second, and up to as much again.
func restLoop(ctx context.Context) bool { return rest(ctx, time.Second+rand.N(time.Second)) }

// rest waits; false: ctx has ended.
func rest(ctx context.Context, d time.Duration) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}
