package proxy

import (
	"context"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// listen has the pool tell the proxy what it tells the embedder.
func (p *Proxy) listen() {
	suspect, down, renewed := p.cfg.Pool.Suspect, p.cfg.Pool.Down, p.cfg.Pool.Renewed
	p.cfg.Pool.Suspect = func(addr string) {
		p.suspect(addr)
		if suspect != nil {
			suspect(addr)
		}
	}
	p.cfg.Pool.Down = func(addr string, err error) {
		p.down(addr, err)
		if down != nil {
			down(addr, err)
		}
	}
	p.cfg.Pool.Renewed = func(addr string) {
		p.renewed(addr)
		if renewed != nil {
			renewed(addr)
		}
	}
}

// suspect is told by the pool that a server is silent while calls wait for it.
// It must not block: what a full mailbox loses, the pool repeats.
func (p *Proxy) suspect(addr string) { _ = p.mail.TryTell(messages.Suspected{Addr: addr}) }

// down is told by the pool that a server cannot be reached or is leaving, also
// when no call was on its way there. It must not block: what a full mailbox loses, the next
// call finds out. The pool has judged that this is about the server's current session,
// and tells it once, so the notice holds in the order of the mailbox and carries no
// epoch: an answer that is in the mailbox before it would make that stale.
func (p *Proxy) down(addr string, err error) {
	_ = p.mail.TryTell(messages.FailureNotice{Server: messages.Server{Addr: addr}, Err: err})
}

// testimony is how one witness answered.
type testimony struct {
	server messages.Server
	err    error
}

// witness looks for another server that answers, in a goroutine of its own. The
// pool leaves the silent one only if there is one; that one is connected then,
// and next in line.
func (o *owner) witness(e roster.Corroborate) {
	if o.proxy.pool == nil {
		return // who brings the connections judges them too
	}
	o.self.Go(func(ctx context.Context) {
		var asking sync.WaitGroup
		defer asking.Wait()
		looking, stop := context.WithTimeout(ctx, o.proxy.cfg.ProbeTimeout)
		defer stop()
		heard := make(chan testimony, len(e.Others))
		for i, server := range e.Others {
			asking.Go(func() {
				heard <- testimony{server, o.ask(looking, server, time.Duration(i)*o.proxy.cfg.ProbeStagger)}
			})
		}
		for range e.Others {
			t := <-heard
			if t.err == nil {
				_ = o.proxy.pool.Corroborate(ctx, e.Suspect.Addr)
				_ = o.self.Ref().Tell(ctx, messages.Recovered{Server: t.server, Epoch: e.Epoch})
				return
			}
			if looking.Err() == nil {
				_ = o.self.Ref().Tell(ctx, messages.FailureNotice{Server: t.server, Epoch: e.Epoch, Err: t.err})
			}
		}
	})
}

// ask pings one witness after a while, unless looking has ended by then.
func (o *owner) ask(looking context.Context, server messages.Server, after time.Duration) error {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
		_, err := o.proxy.pinger.Ping(looking, server.Addr)
		return err
	case <-looking.Done():
		return looking.Err()
	}
}
