//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
)

// sidecarAddr is where a sidecar serves the agent of its namespace.
const sidecarAddr = "127.0.0.1:4746"

// sidecarConfig is what every sidecar is started with.
func sidecarConfig(listen string, opt *options, logger zerolog.Logger) sidecar.Config {
	cfg := sidecar.Config{Listen: []string{listen}, Logger: logger, Proxy: proxy.Config{
		Servers: opt.servers, NodeID: opt.name, FleetIndex: seat(), Logger: logger,
	}}
	cfg.Proxy.Pool.Logger, cfg.Proxy.Pool.DrainTimeout = logger, opt.drain
	return cfg
}

// runSidecar is the process of a sidecar; it ends with ctx.
func runSidecar(ctx context.Context, opt *options, orders <-chan order, tell scribe, log io.Writer) error {
	logger := zerolog.New(log).With().Timestamp().Logger()
	s, err := sidecar.Start(sidecarConfig(sidecarAddr, opt, logger))
	if err != nil {
		return err
	}
	tell <- record{Kind: kindReady, Done: time.Now(), Server: sidecarAddr}
	go tellFronts(ctx, s.Proxy(), tell)
	go carryOut(ctx, orders, &statuses{}, func() {
		if _, err := s.Proxy().Rebalance(ctx); err != nil {
			logger.Warn().Err(err).Msg("cannot rebalance")
		}
	})
	select {
	case <-ctx.Done():
	case <-s.Done():
		return fmt.Errorf("the sidecar has ended: %w", s.Err())
	}
	stopping, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	return s.Stop(stopping)
}
