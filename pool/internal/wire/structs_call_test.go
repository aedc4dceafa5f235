package wire_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// An agent's structs arrive as they were sent, in calls of both directions, over TCP.
// The fake server's handle is its own.
func TestStructsArriveAsTheyWereSent(t *testing.T) {
	const node, patience = "n1", 5 * time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := testutil.StartServer(testutil.ServerConfig{FirstByteTimeout: patience})
	noError(t, err)
	defer func() { _ = server.Stop(ctx) }()
	var asked atomic.Pointer[agentState]
	p, err := pool.New(pool.Config{DialTimeout: patience, SilenceLimit: patience, PingTimeout: patience, Handlers: pool.Handlers{
		Calls: map[string]pool.CallHandler{"Test.Echo": func(_ context.Context, decode func(any) error) (any, error) {
			var args agentState
			err := decode(&args)
			asked.Store(&args)
			return &args, err
		}},
	}})
	noError(t, err)
	defer func() { _ = p.Stop(ctx) }()
	register := map[string]any{"Region": "global", "Node": map[string]any{
		"ID": node, "SecretID": "s", "Datacenter": "dc1", "Name": "n", "Attributes": map[string]string{"nomad.version": "2.0.6"},
	}}
	noError(t, p.Call(ctx, server.Addr(), "Node.Register", register, nil))
	var signed int
	for _, s := range stateSeeds {
		sent := stateOf(s.seed, int(s.full), 4)
		var want, got, back agentState
		noError(t, codec.NewDecoderBytes(encoded(t, sent), reference).Decode(&want))
		signed += len(want.Signed)
		noError(t, p.Call(ctx, server.Addr(), "Echo.Echo", sent, &got))
		noError(t, server.CallNode(ctx, node, "Test.Echo", sent, &back))
		for what, got := range map[string]*agentState{"a call": &got, "a server's call": asked.Load(), "its answer": &back} {
			if diff := cmp.Diff(&want, got, exactly); diff != "" {
				t.Errorf("seed %d, %s: %s", s.seed, what, diff)
			}
		}
	}
	if signed == 0 {
		t.Error("no seed has what is tagged json:\"-\"")
	}
}
