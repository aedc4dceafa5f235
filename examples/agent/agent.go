package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

func run(ctx context.Context, servers []string, out io.Writer) error {
	p, err := proxy.Start(proxy.Config{Servers: servers, Region: "global"})
	if err != nil {
		return err
	}
	defer stop(p)
	hb, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: heartbeat.Node{
		ID: "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90", SecretID: "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15",
		Name: "worker-1", Datacenter: "dc1", Attributes: map[string]string{"nomad.version": "2.0.6"},
	}})
	if err != nil {
		return err
	}
	defer stop(hb)

	// Any call goes to the server in front, and on to the next one when that fails.
	var leader string
	if err := p.Call(ctx, "Status.Leader", map[string]any{"Region": "global"}, &leader); err != nil {
		return err
	}
	fmt.Fprintf(out, "the leader is %+.300q\n", leader) // quoted, and cut: it is a server's word
	<-ctx.Done()
	return nil
}

// stop waits for at most ten seconds.
func stop(s interface{ Stop(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
}
