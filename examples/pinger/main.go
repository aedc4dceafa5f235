// Command pinger has connections of its own, and has the proxy choose the server only: it asks which servers there
// are, over its own connections, and goes on with the next one where one fails.
//
//	go run ./examples/pinger 10.0.0.1 10.0.0.2
//
// An agent whose calls cannot go through the proxy gives a Pinger that is no Caller: it asks FindServer before each
// call, and tells NotifyFailed what became of it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	err := run(ctx, os.Args[1:], os.Stdout)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pinger:", err)
		os.Exit(1)
	}
}

// run asks for the servers of the cluster over connections of the agent's own.
func run(ctx context.Context, servers []string, out io.Writer) error {
	p, err := proxy.Start(proxy.Config{Servers: servers, Pinger: &own{}})
	if err != nil {
		return err
	}
	defer stop(p)
	return peers(ctx, p, out)
}

// peers prints which servers the one in front knows. Any number of these calls may be under way.
func peers(ctx context.Context, p *proxy.Proxy, out io.Writer) error {
	var all []string
	if err := p.Call(ctx, "Status.Peers", map[string]any{"Region": "global"}, &all); err != nil {
		return err
	}
	front, err := p.FindServer()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d servers, in front %s\n", len(all), front.Addr)
	return nil
}

// stop waits for at most ten seconds.
func stop(s interface{ Stop(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
}
