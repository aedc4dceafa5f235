//go:build unix

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
)

// A writer of the pipe comes, and writes nothing.
func TestAFileThatIsNotWrittenIsWaitedForUntilTheProgramIsInterrupted(t *testing.T) {
	c := startCluster(t)
	for _, flag := range []string{"--token-file", "--args-file"} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Skip(err)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		writer := make(chan int, 1)
		go func() {
			defer interrupt()
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if w, err := syscall.Open(fifo, syscall.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil { // somebody reads
					writer <- w
					return
				}
			}
		}()
		var out, errs bytes.Buffer
		status := run(ctx, demo.Scenario{}, []string{"call", "Echo.Echo", "--servers", c.Addrs()[0], flag, fifo}, &out, &errs)
		expect(t, status, exitInterrupted, out.String(), errs.String())
		if err := syscall.Close(<-writer); err != nil {
			t.Error(err)
		}
	}
}
