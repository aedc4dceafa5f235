// Command byhand registers and heartbeats by itself, as an agent does that has its own code
// for that, and tells the proxy what the servers answer.
//
//	go run ./examples/byhand 10.0.0.1 10.0.0.2
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "byhand:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, servers []string) error {
	p, err := proxy.Start(proxy.Config{Servers: servers, Region: "global"})
	if err != nil {
		return err
	}
	defer p.Stop(context.WithoutCancel(ctx))
	if err := addBackup(ctx, p); err != nil {
		return err
	}
	reply, err := register(ctx, p)
	for token := secretID; err == nil; reply, err = beat(ctx, p, token, reply.HeartbeatTTL) {
		if reply.SignedIdentity != nil {
			token = *reply.SignedIdentity
		}
		select {
		case <-time.After(reply.HeartbeatTTL * 2 / 3):
		case <-ctx.Done():
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil // it was interrupted
	}
	return err
}
