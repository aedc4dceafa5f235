//go:build linux

package main

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stockagent"
)

// register connects an agent of each kind to the server and returns what ends it.
var connectors = map[string]func(t *testing.T, addr string) (end func()){
	clientOurs: func(t *testing.T, addr string) func() {
		p, err := pool.New(pool.Config{Handlers: handlers})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Call(t.Context(), addr, "Node.Register", register("a"), &beatReply{}); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := p.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	},
	clientStock: connectStock,
	clientSidecar: func(t *testing.T, addr string) func() {
		s, err := sidecar.Start(sidecarConfig("127.0.0.1:0", &options{servers: []string{addr}, name: "a"}, zerolog.Nop()))
		if err != nil {
			t.Fatal(err)
		}
		end := connectStock(t, s.Addrs()[0].String())
		return func() {
			end()
			if err := s.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	},
}

func connectStock(t *testing.T, addr string) (end func()) {
	a, err := stockagent.Start(stockAgent("a", addr))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Await(t.Context(), func(s stockagent.Stats) bool { return s.Registrations > 0 }); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestAServerCallsAnAgentAndFollowsItsLogUntilThatEnds(t *testing.T) {
	for kind, connect := range connectors {
		t.Run(kind, func(t *testing.T) {
			server, err := testutil.StartServer(testutil.ServerConfig{})
			if err != nil {
				t.Fatal(err)
			}
			c := &caller{server: server, tell: make(scribe, 1024)}
			defer func() {
				if err := server.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			disconnect := connect(t, server.Addr())

			ctx, stop := context.WithCancel(t.Context())
			c.reach(ctx, reach{Call: []string{"a"}, Follow: []string{"a"}})
			call, begun := record{}, record{}
			for call.Kind == "" || begun.Kind == "" {
				if r := <-c.tell; r.Kind == kindCall {
					call = r
				} else {
					begun = r
				}
			}
			if call.Err != "" || call.NoPath || call.Agent != "a" || call.Server != server.Addr() {
				t.Errorf("the call: %+v", call)
			}
			if begun.Err != "" || !begun.Done.IsZero() {
				t.Errorf("the log, when it begins: %+v", begun)
			}
			stop()
			if r := c.next(kindTail); r.Err != "" || r.Done.IsZero() {
				t.Errorf("the log, given up by the server: %+v", r)
			}

			ctx, stop = context.WithCancel(t.Context())
			defer stop()
			c.reach(ctx, reach{Call: []string{"a"}, Follow: []string{"a"}})
			if r := c.next(kindTail); !r.Done.IsZero() {
				t.Fatalf("the log, when it begins again: %+v", r)
			}
			disconnect()
			if r := c.next(kindTail); r.Err == "" {
				t.Errorf("the log of an agent that is gone: %+v", r)
			}
			for !c.next(kindCall).NoPath { // one on its way may fail
			}
		})
	}
}

// next waits for a record of that kind.
func (c *caller) next(kind string) record {
	for r := range c.tell {
		if r.Kind == kind {
			return r
		}
	}
	panic("a scribe is never closed")
}
