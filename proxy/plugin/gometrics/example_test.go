package gometrics_test

import (
	"context"
	"fmt"
	"time"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/gometrics"
	"github.com/open-nomad/rpcproxy/testutil"
)

func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()

	// Nomad's agent has done this for itself; then gometrics.Config{} is enough.
	sink := metrics.NewInmemSink(10*time.Minute, time.Hour)
	cfg := metrics.DefaultConfig("nomad")
	cfg.EnableHostname, cfg.EnableRuntimeMetrics = false, false
	m, err := metrics.New(cfg, sink)
	if err != nil {
		panic(err)
	}

	emitter := gometrics.New(gometrics.Config{Metrics: m})
	p, err := proxy.Start(proxy.Config{Servers: []string{server.Addr()}, Observers: []proxy.Observer{emitter}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(context.Background()) }()
	if err := p.Call(context.Background(), "Status.Ping", struct{}{}, nil); err != nil {
		panic(err)
	}
	emitter.Emit() // or go emitter.Run(ctx, time.Second)

	for _, interval := range sink.Data() {
		for _, sample := range interval.Samples {
			if sample.Name == "nomad.client.rpc.call" {
				fmt.Println(sample.Name, sample.Labels, sample.Count)
			}
		}
		for _, gauge := range interval.Gauges {
			if gauge.Name == "nomad.client.rpc.servers" {
				fmt.Println(gauge.Name, gauge.Labels[0], gauge.Value)
			}
		}
	}
	// Output:
	// nomad.client.rpc.call [{method Status.Ping} {outcome answered}] 1
	// nomad.client.rpc.servers {role primary} 1
}
