//go:build linux

package main

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// runServer is the process of a server: it believes the pictures that come in,
// one per line, and ends in an orderly way with ctx.
func runServer(ctx context.Context, opt *options, pictures io.Reader, tell scribe) error {
	s, err := testutil.StartPuppet(testutil.ServerConfig{
		Addr: opt.addr, HeartbeatTTLMin: opt.ttlMin, HeartbeatTTLMax: opt.ttlMax, AnyNodeID: true,
	})
	if err != nil {
		return err
	}
	tell <- record{Kind: kindReady, Done: time.Now(), Server: s.Addr()}
	alone := make(chan struct{}) // the rig is gone
	go func() {
		defer close(alone)
		in := json.NewDecoder(pictures)
		for {
			var p testutil.Picture
			if in.Decode(&p) != nil {
				return
			}
			s.Tell(p)
		}
	}()
	select {
	case <-ctx.Done():
	case <-alone:
	}
	stopping, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	return s.Stop(stopping)
}
