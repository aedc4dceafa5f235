// Command logtail streams logs over mutual TLS, both ways: an agent serves the streams that servers open towards it,
// and a program follows a log through a server. DIR has ca.pem, agent.pem and agent-key.pem.
//
//	go run ./examples/logtail serve DIR LOGS 10.0.0.1 10.0.0.2
//	go run ./examples/logtail follow DIR ALLOCATION TASK 10.0.0.1 10.0.0.2
//
// LOGS holds ALLOCATION/TASK.stdout. A move to another server cuts no stream, and a new certificate in DIR is used
// without a restart.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

var errUsage = errors.New("usage: logtail serve DIR LOGS SERVER [SERVER], or logtail follow DIR ALLOCATION TASK SERVER [SERVER]")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "logtail:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 3 && args[0] == "serve":
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		return serve(ctx, args[3:], credentials(args[1]), name, args[2])
	case len(args) > 4 && args[0] == "follow":
		p, err := proxy.Start(proxy.Config{Servers: args[4:], Region: "global", Pool: pool.Config{TLS: credentials(args[1])}})
		if err != nil {
			return err
		}
		defer stop(p)
		return follow(ctx, p, args[2], args[3], os.Stdout)
	}
	return errUsage
}
