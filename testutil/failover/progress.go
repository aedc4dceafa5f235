//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

var began = time.Now()

// say writes a line of progress.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%7.1f s  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
}

// pause waits for d and answers false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
