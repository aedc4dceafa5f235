package main

import (
	"context"

	"github.com/open-nomad/rpcproxy/proxy"
)

// leader asks the server that works, whichever that is, for the leader of the cluster.
func leader(ctx context.Context, servers ...string) (addr string, err error) {
	p, err := proxy.Start(proxy.Config{Servers: servers, Region: "global"})
	if err != nil {
		return "", err
	}
	defer p.Stop(ctx)
	err = p.Call(ctx, "Status.Leader", map[string]any{"Region": "global"}, &addr)
	return addr, err
}
