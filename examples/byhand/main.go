// Command byhand registers and heartbeats by itself, as an agent does that has its own code
// for that, and tells the proxy what the servers answer.
//
//	go run ./examples/byhand 10.0.0.1 10.0.0.2
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
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
	defer stop(p)
	if err := addBackup(ctx, p); err != nil {
		return err
	}
	reply, err := register(ctx, p)
	for token := secretID; err == nil; {
		if reply.SignedIdentity != nil {
			token = *reply.SignedIdentity
		}
		due := time.Now().Add(reply.HeartbeatTTL)
		select {
		case <-time.After(reply.HeartbeatTTL * 2 / 3):
		case <-ctx.Done():
			return nil
		}
		reply, err = beat(ctx, p, token, due)
		// A server knows the identity of a node that was purged, and denies its secret.
		if errors.Is(err, pool.ErrUnknownNode) || errors.Is(err, pool.ErrPermissionDenied) || errors.Is(err, pool.ErrTokenNotFound) {
			token = secretID
			reply, err = register(ctx, p)
		}
	}
	if ctx.Err() != nil {
		return nil // it was interrupted
	}
	return err
}

// stop waits for at most ten seconds.
func stop(s interface{ Stop(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
}
