package main

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// untilCalled waits until s has had calls from everybody who calls: that is
// more of them than a probe or a heartbeat makes.
func (st *stage) untilCalled(ctx context.Context, s *testutil.Server) error {
	const enough = 10
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for s.Counts().Methods["Echo.Echo"] < enough {
		select {
		case <-look.C:
		case <-limited.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("not within %v: %d calls reach %s", patience, enough, s.Addr())
		}
	}
	return nil
}
