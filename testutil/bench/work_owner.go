package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// ownerChunk is how many messages are sent between two readings of the clock.
const ownerChunk = 16

var errNotAdopted = errors.New("a round found no server")

// owned are the works that are round trips to the owner of the server list. Their
// floor is a round trip through a bare channel.
var owned = []struct {
	name string
	do   func(ctx context.Context, servers int) func(*proxy.Proxy, int) error
}{
	{"notice", notices},
	{"heartbeat", heartbeats},
	{"rebalance", rounds},
}

func ownerWorks() (all []work) {
	for _, o := range owned {
		for _, servers := range []int{5, 100} {
			all = append(all, work{
				name: fmt.Sprintf("%s/%d", o.name, servers),
				open: func(ctx context.Context) (*setup, error) { return openOwner(servers, o.do(ctx, servers)) },
			})
		}
	}
	return all
}

func openOwner(servers int, do func(*proxy.Proxy, int) error) (*setup, error) {
	p, err := startProxy(servers)
	if err != nil {
		return nil, err
	}
	b := newBare()
	return &setup{
		slice: sliceOfMemory,
		close: func() error { b.stop(); return within(p.Stop)() },
		entrants: []entrant{
			sequence(ours, ownerChunk, func(n int) error { return do(p, n) }),
			sequence(floor, ownerChunk, b.ask),
		},
	}, nil
}

// notices report that the active server failed; each moves to another server.
func notices(ctx context.Context, _ int) func(*proxy.Proxy, int) error {
	return func(p *proxy.Proxy, n int) error {
		for range n {
			active, err := p.FindServer()
			if err == nil {
				err = p.NotifyFailed(ctx, active, nil)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// heartbeats are replies that change nothing.
func heartbeats(ctx context.Context, servers int) func(*proxy.Proxy, int) error {
	u := messages.HeartbeatUpdate{NumNodes: 100, LeaderRPCAddr: "leader.example:4647"}
	for _, name := range serverNames(servers) {
		u.Servers = append(u.Servers, messages.ServerInfo{RPCAdvertiseAddr: name + ":" + messages.DefaultPort, Datacenter: "dc1"})
	}
	return func(p *proxy.Proxy, n int) error {
		for range n {
			if err := p.Heartbeat(ctx, u); err != nil {
				return err
			}
		}
		if got := p.NumServers(); got != servers {
			return fmt.Errorf("the list has %d servers, want %d", got, servers)
		}
		return nil
	}
}

// rounds are rebalance rounds in which the first server answers at once.
func rounds(ctx context.Context, _ int) func(*proxy.Proxy, int) error {
	return func(p *proxy.Proxy, n int) error {
		for range n {
			result, err := p.Rebalance(ctx)
			if err != nil {
				return err
			}
			if !result.Adopted {
				return errNotAdopted
			}
		}
		return nil
	}
}
