// Command sidecar does with the units of docs/sidecar what systemd does with them, where systemd is not the first
// process, as in a container: it listens at the address of the socket unit, starts the service with that socket, tells
// when it is ready, reloads it on SIGHUP, and starts it again when it ends. The agent is never refused meanwhile.
//
//	go build -o /usr/local/bin/rpcproxy ./cmd/rpcproxy
//	go run ./examples/sidecar docs/sidecar
//
// What is about users, limits and sandboxes in the units is systemd's alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	err := errors.New("usage: sidecar DIRECTORY, which has rpcproxy.socket and rpcproxy.service")
	if len(os.Args) == 2 {
		var s service
		if s, err = load(os.Args[1]); err == nil {
			err = s.run(ctx, reload, os.Stdout)
		}
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sidecar:", err)
		os.Exit(1)
	}
}
