package hclogger_test

import (
	"context"
	"os"

	"github.com/hashicorp/go-hclog"

	"github.com/open-nomad/rpcproxy/proxy"
	hclogger "github.com/open-nomad/rpcproxy/proxy/plugin/hclog"
	"github.com/open-nomad/rpcproxy/testutil"
)

func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()

	agent := hclog.New(&hclog.LoggerOptions{Name: "agent", Output: os.Stdout, DisableTime: true})
	p, err := proxy.Start(proxy.Config{
		Servers: []string{server.Addr(), "nomad:0"},
		Logger:  hclogger.New(agent.Named("rpcproxy").With("dc", "dc1")),
	})
	if err != nil {
		panic(err)
	}
	_ = p.Stop(context.Background())
	// Output: [WARN]  agent.rpcproxy: a configured server is left out: dc=dc1 error="messages: bad server address \"nomad:0\": the port is zero; want host, host:port or [IPv6]:port"
}
