package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
)

// run keeps the servers that worked in stateFile: they are tried at the next start, behind Servers.
func run(ctx context.Context, out io.Writer, names dns.Config, stateFile string) error {
	byDNS, err := dns.New(names)
	if err != nil {
		return err
	}
	byConsul, err := consul.New(consul.Config{}) // what its environment variables say, else the local agent
	if err != nil {
		return err
	}
	chain, err := discover.NewChain(discover.Link{From: byDNS}, discover.Link{From: byConsul})
	if err != nil {
		return err
	}
	p, err := proxy.Start(proxy.Config{Discoverer: chain, StateFile: stateFile})
	if err != nil {
		return err
	}
	defer stop(p)
	var leader string
	err = p.Call(ctx, "Status.Leader", struct{}{}, &leader) // waits until a server is found
	fmt.Fprintln(out, p.Explain())                          // which server, why, and what led to it
	return err
}

// stop waits for at most ten seconds.
func stop(s interface{ Stop(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
}
