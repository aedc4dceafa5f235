package proxy

import (
	"context"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// probes are the probes of the round that runs.
type probes struct {
	round  uint64
	ctx    context.Context
	cancel context.CancelFunc
}

// probe pings one server in a goroutine of its own.
func (o *owner) probe(e roster.Probe) {
	if e.Round != o.probes.round {
		o.probes.cancel()
		o.probes.round = e.Round
		o.probes.ctx, o.probes.cancel = context.WithCancel(context.Background())
	}
	round := o.probes.ctx
	o.self.Go(func(ctx context.Context) {
		pinging, stop := context.WithDeadline(round, e.Until)
		defer stop()
		rtt, err := o.pinger.Ping(pinging, e.Server.Addr)
		// Bounded by the probes of a round; it ends with the owner.
		o.tell(ctx, messages.ProbeDone{Round: e.Round, Server: e.Server, RTT: rtt, Err: err})
		if err == nil {
			o.renewIfMoved(ctx, e.Server)
		}
	})
}

// corroborate looks for another server that answers while one is silent, in a goroutine of
// its own. Only if there is one does the pool leave the silent server; the other one is
// connected then, and next in line.
func (o *owner) corroborate(e roster.Corroborate) {
	if o.pool == nil {
		return // the embedder's connections are the embedder's to judge
	}
	type result struct {
		server messages.Server
		err    error
	}
	o.self.Go(func(ctx context.Context) {
		var pinging sync.WaitGroup
		defer pinging.Wait()
		looking, stop := context.WithTimeout(ctx, e.Limit)
		defer stop()
		results := make(chan result, len(e.Others))
		for i, server := range e.Others {
			pinging.Go(func() {
				results <- result{server, o.pingAfter(looking, server, time.Duration(i)*e.Stagger)}
			})
		}
		for range e.Others {
			r := <-results
			if r.err == nil {
				o.eachPool(func(p *ownPool) { _ = p.Corroborate(ctx, e.Suspect.Addr) })
				o.tell(ctx, messages.Recovered{Server: r.server, Epoch: e.Epoch})
				return
			}
			if looking.Err() == nil {
				o.tell(ctx, messages.FailureNotice{Server: r.server, Epoch: e.Epoch, Err: r.err})
			}
		}
	})
}

// pingAfter pings server after a wait, unless ctx has ended by then.
func (o *owner) pingAfter(ctx context.Context, server messages.Server, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		_, err := o.pinger.Ping(ctx, server.Addr)
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
