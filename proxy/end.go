package proxy

import (
	"context"
	"errors"
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// Done is closed when the Proxy takes no more messages and no more calls: Stop was
// called, or it ended for a fault of its own. Err says which. Goroutines may still be
// ending; Stop waits for them, and must be called in any case.
func (p *Proxy) Done() <-chan struct{} { return p.owner.Done() }

// Err is nil while the Proxy runs, then ErrStopped after Stop, or the fault that ended
// it, a *actor.PanicError. Every call and message fails with it then. A fault is
// logged at error level, once.
func (p *Proxy) Err() error { return p.owner.Err() }

// watchPool ends the owner when that of the proxy's own pool ends for a fault: without
// connections the list is of no use.
func (o *owner) watchPool() {
	p := o.proxy.pool
	if p == nil {
		return
	}
	o.self.Go(func(ctx context.Context) {
		select {
		case <-p.Done():
			if err := p.Err(); err != ErrStopped { //nolint:errorlint // a fault may wrap it
				o.self.End(err)
			}
		case <-ctx.Done():
		}
	})
}

// publishFault shows readers the last list with no active server, so that they learn
// of the fault at once.
func (p *Proxy) publishFault(cause error) {
	v := p.View()
	p.publish(roster.Publish{
		View:         messages.NewView(v.Epoch()+1, slices.Collect(v.Ranking()), -1, v.NumNodes(), v.LeaderAddr()),
		ActiveReason: "the proxy has ended for a fault of its own",
	}, cause)
}

// logFault logs why the owner, or that of the connections, ended.
func (p *Proxy) logFault(cause error) {
	line := p.cfg.Logger.Error().Err(cause)
	if fault, ok := errors.AsType[*actor.PanicError](cause); ok {
		line = line.Bytes("stack", fault.Stack)
	}
	line.Msg("the proxy has ended for a fault of its own: every call fails until another one is started")
}
