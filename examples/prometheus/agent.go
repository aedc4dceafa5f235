package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
	"github.com/open-nomad/rpcproxy/proxy/plugin/prom"
)

// run is an agent whose metrics are served on ln until ctx ends.
func run(ctx context.Context, servers []string, ln net.Listener) error {
	metrics := prom.New(prom.Config{})
	p, err := proxy.Start(proxy.Config{Servers: servers, Region: "global", Observers: []proxy.Observer{metrics}})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer stop(p)
	registry := prometheus.NewRegistry() // an agent that has one already takes that
	registry.MustRegister(metrics)

	hb, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: heartbeat.Node{
		ID: "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90", SecretID: "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15",
		Name: "worker-1", Datacenter: "dc1", Attributes: map[string]string{"nomad.version": "2.0.6"},
	}})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer stop(hb)

	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		var leader string
		_ = p.Call(ctx, "Status.Leader", map[string]any{"Region": "global"}, &leader) // what comes of it is in the metrics
		select {
		case <-again.C:
		case err := <-served:
			return err
		case <-ctx.Done():
			server.Close()
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		}
	}
}

// stop waits for at most ten seconds.
func stop(s interface{ Stop(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
}
