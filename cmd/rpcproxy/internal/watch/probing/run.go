package probing

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
)

// run probes until ctx ends, or something here panics: the terminal must be restored first.
func (p *Prober) run(ctx context.Context, emit func(watch.Event)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	start := func(f func()) {
		group.Go(func() {
			if p := contain.Call(f); p != nil {
				cancel(p)
			}
		})
	}
	// Which one is in front is known before the first probe.
	if p := contain.Call(func() { emit(p.state()) }); p != nil {
		return p
	}
	for _, s := range p.cfg.Servers {
		start(func() { p.probe(ctx, s, emit) })
	}
	start(func() { p.follow(ctx, emit) })
	<-ctx.Done()
	group.Wait()
	return context.Cause(ctx)
}

// follow tells the state of the proxy whenever its view changes.
func (p *Prober) follow(ctx context.Context, emit func(watch.Event)) {
	for range p.proxy.Watch(ctx) {
		emit(p.state())
	}
}

func (p *Prober) state() watch.Reported {
	return watch.Reported{Snapshot: p.proxy.Snapshot(), Decisions: p.proxy.Explain().Decisions}
}

// probe probes one server until ctx ends. Probes are Interval apart, however long one takes, and
// none begins before the last one has ended. The first ones of the servers are spread.
func (p *Prober) probe(ctx context.Context, s messages.Server, emit func(watch.Event)) {
	t := target{Prober: p, server: s}
	for {
		begun := time.Now()
		e := t.once(ctx)
		if ctx.Err() != nil {
			return
		}
		emit(e)
		emit(p.state())
		tenth := p.cfg.Interval / 10
		if !sleep(ctx, p.cfg.Interval-tenth+rand.N(2*tenth+1)-time.Since(begun)) {
			return
		}
	}
}

// sleep waits for d, or for the end of ctx, and reports whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
