package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
)

func main() {
	os.Exit(interruptible(os.Args[1:], os.Stdout, os.Stderr))
}

// interruptible runs the program until it ends or is interrupted. A second signal
// kills it at once.
func interruptible(args []string, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, demo.Full(), args, out, errs)
}
