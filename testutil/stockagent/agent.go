package stockagent

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/actor"
)

// Agent is a client agent. All its methods may be called from any goroutine.
type Agent struct {
	cfg    Config
	forms  forms
	owner  *actor.Actor[func(*state)]
	ctx    context.Context // ends with the agent
	cancel context.CancelFunc

	snap    atomic.Pointer[snapshot]
	faults  atomic.Pointer[faultSet]      // only the owner replaces it
	success atomic.Pointer[chan struct{}] // closed when a call succeeds
	token   atomic.Pointer[string]        // the node's identity, empty: none yet
	seq     atomic.Uint64                 // of requests
	again   chan chan error               // orders to register
}

// mailbox is how many messages of the agent's goroutines wait for its owner before they
// block.
const mailbox = 64

// Start starts an agent; it registers when it has reached a server. The error is
// *ConfigError. The caller owns the agent and must stop it.
func Start(cfg Config) (*Agent, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	made, err := newForms(cfg)
	if err != nil {
		return nil, err
	}
	a := &Agent{cfg: cfg, forms: made, again: make(chan chan error)}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.faults.Store(newFaultSet())
	a.success.Store(new(make(chan struct{})))
	a.token.Store(new(string))
	a.owner = actor.Spawn(mailbox, func(self actor.Self[func(*state)]) actor.Behavior[func(*state)] {
		return newState(a, self)
	})
	a.Inject(cfg.Faults...)
	a.do(func(s *state) { s.self.Go(a.run) })
	return a, nil
}

// do runs f on the owner's goroutine and waits until what it did is published. It returns
// false when the agent has stopped and f did not run.
func (a *Agent) do(f func(*state)) bool {
	_, err := actor.Ask(context.Background(), a.owner.Ref, func(done actor.Reply[struct{}]) func(*state) {
		return func(s *state) {
			f(s)
			s.publish() // before the caller goes on
			done.Send(struct{}{})
		}
	})
	return err == nil
}

// NodeID returns the ID of the agent's node.
func (a *Agent) NodeID() string { return a.cfg.NodeID }

// front is the server in use.
func (a *Agent) front() string { return a.snap.Load().Servers[0] }

// Stop ends the agent and everything it started, and waits for it, within ctx. It tells
// servers nothing, as an agent that is killed. The error is that of ctx, or tells of a
// panic. Stopping twice is fine.
func (a *Agent) Stop(ctx context.Context) error {
	if err := a.owner.Stop(ctx); err != nil {
		return err
	}
	if err := a.owner.Err(); !errors.Is(err, actor.ErrStopped) {
		return err
	}
	return nil
}
