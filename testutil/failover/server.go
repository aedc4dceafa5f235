//go:build linux

package main

import (
	"context"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// runServer is the process of a server: it carries out the orders that come in, and
// ends in an orderly way with ctx.
func runServer(ctx context.Context, opt *options, orders io.Reader, tell scribe) error {
	s, err := testutil.StartPuppet(testutil.ServerConfig{
		Addr: opt.addr, HeartbeatTTLMin: opt.ttlMin, HeartbeatTTLMax: opt.ttlMax,
	})
	if err != nil {
		return err
	}
	tell <- record{Kind: kindReady, Done: time.Now(), Server: s.Addr()}
	alone := make(chan struct{}) // the rig is gone
	go func() {
		defer close(alone)
		c := &caller{server: s, tell: tell}
		rest := func() {} // ends what the last order to reach agents began
		obey(ctx, orders, func(o order) {
			if o.Picture != nil {
				s.Tell(*o.Picture)
			}
			if o.Hang != nil {
				s.Inject(o.Hang.faults()...)
			}
			if o.Reach != nil {
				rest()
				var calling context.Context
				calling, rest = context.WithCancel(ctx)
				c.reach(calling, *o.Reach)
			}
		})
		rest()
	}()
	select {
	case <-ctx.Done():
	case <-alone:
	}
	stopping, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	return s.Stop(stopping)
}
