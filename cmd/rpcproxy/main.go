package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
)

func main() {
	os.Exit(interruptible(os.Args[1:], os.Stdout, os.Stderr))
}

// errTerminated is why the program's context ended, if SIGTERM did that.
var errTerminated = errors.New("caught SIGTERM")

// interruptible runs the program until it ends or is interrupted. A second signal
// kills it at once.
func interruptible(args []string, out, errs io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(caught)
	go func() {
		select {
		case s := <-caught:
			signal.Stop(caught)
			if s == syscall.SIGTERM {
				cancel(errTerminated)
			}
			cancel(nil)
		case <-ctx.Done():
		}
	}()
	status := run(ctx, demo.Full(), args, out, errs)
	if status == exitInterrupted && errors.Is(context.Cause(ctx), errTerminated) {
		return exitTerminated
	}
	return status
}
