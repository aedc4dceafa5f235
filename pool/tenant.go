package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// newTenant makes a pool beside of, for another agent whose calls this process carries. Servers
// know an agent by its sessions, so each has sessions of its own; what is known of servers, and
// what may be held in memory, is shared.
func newTenant(of *Pool, handlers Handlers, hooks poolhooks.Hooks) (*Pool, error) {
	if err := handlers.validate(); err != nil {
		return nil, err
	}
	queue := hooks.Queue
	if queue == nil {
		queue = logqueue.New()
	}
	p := &Pool{cfg: of.cfg, hooks: hooks, queue: queue, log: queue.Logger(of.cfg.Logger), origin: time.Now(), muxing: of.muxing, parent: of}
	p.cfg.Handlers = handlers
	p.creds.Store(of.creds.Load())
	p.open, p.limit = p.dial, of.limit
	p.start()
	return p, nil
}

// share takes from the parent what both use.
func (p *Pool) share() {
	of := p.parent
	p.usual, p.patient, p.resolver = of.usual, of.patient, of.resolver
	p.trials, p.beside, p.budget = of.trials, of.beside, of.budget
	p.sessions = p.sessionConfig(sessionErrors{whole: true}, of.sessions.Replies)
}

// adoptParents puts the parent's credentials into force.
func (o *owner) adoptParents(now time.Time) {
	p := o.pool
	next, before := p.parent.creds.Load(), p.creds.Load()
	if next == before {
		return
	}
	p.creds.Store(next)
	o.tls.proven = next
	o.step(now, core.Secured{})
	o.recheck(now)
}
