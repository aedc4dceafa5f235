package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
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
