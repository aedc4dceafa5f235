package slogger_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/open-nomad/rpcproxy/proxy"
	slogger "github.com/open-nomad/rpcproxy/proxy/plugin/slog"
	"github.com/open-nomad/rpcproxy/testutil"
)

func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()

	h := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{} // another one each time
		}
		return a
	}})
	agent := slog.New(h).With("component", "rpc")

	p, err := proxy.Start(proxy.Config{Servers: []string{server.Addr(), "nomad:0"}, Logger: slogger.New(agent.Handler())})
	if err != nil {
		panic(err)
	}
	_ = p.Stop(context.Background())
	// Output: level=WARN msg="a configured server is left out" component=rpc error="messages: bad server address \"nomad:0\": the port is zero; want host, host:port or [IPv6]:port"
}
