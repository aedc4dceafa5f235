package prom_test

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/prom"
	"github.com/open-nomad/rpcproxy/testutil"
)

func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()

	metrics := prom.New(prom.Config{})
	p, err := proxy.Start(proxy.Config{Servers: []string{server.Addr()}, Observers: []proxy.Observer{metrics}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(context.Background()) }()
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics) // and serve it with package promhttp

	if err := p.Call(context.Background(), "Status.Ping", struct{}{}, nil); err != nil {
		panic(err)
	}
	families, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		if f.GetName() == "rpcproxy_call_seconds" {
			m := f.GetMetric()[0]
			fmt.Println(f.GetName(), m.GetLabel()[0].GetValue(), m.GetHistogram().GetSampleCount())
		}
	}
	// Output: rpcproxy_call_seconds Status.Ping 1
}
