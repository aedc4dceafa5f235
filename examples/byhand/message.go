package main

import (
	"context"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

func addBackup(ctx context.Context, p *proxy.Proxy) error {
	added := actor.NewReply[error]()
	if err := p.Send(ctx, messages.AddBackup{Addrs: []string{"10.1.0.1"}, Reply: added}); err != nil {
		return err // it was not sent
	}
	return <-added.Chan()
}
