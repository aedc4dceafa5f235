package stockagent

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// run is the agent's life; it ends with ctx.
func (a *Agent) run(ctx context.Context) {
	a.pingAll(ctx)
	if !a.registerUntilDone(ctx) {
		return
	}
	asked := make(chan struct{})
	a.do(func(s *state) {
		s.self.Go(func(ctx context.Context) { a.watchAllocs(ctx, asked) })
		if a.cfg.RebalanceAfter > 0 {
			s.self.Go(a.rebalanceNowAndThen)
		}
	})
	a.beat(ctx, asked)
}

// pingAll asks every configured server whether it lives. Those that do not answer stay in
// the list.
func (a *Agent) pingAll(ctx context.Context) {
	var all sync.WaitGroup
	for _, server := range a.cfg.Servers {
		all.Go(func() { _ = a.ping(ctx, server) }) // as said
	}
	all.Wait()
}

func (a *Agent) ping(ctx context.Context, server string) error {
	return a.once(ctx, server, own(methodPing, a.forms.ping()), nil)
}

// registerUntilDone registers the node, however long that takes. It returns false if the
// agent ended.
func (a *Agent) registerUntilDone(ctx context.Context) bool {
	for a.register(ctx) != nil {
		if !a.retry(ctx, a.cfg.RegisterRetry) {
			return false
		}
	}
	return true
}

// register registers the node once. It shows the identity that it has, never the secret.
func (a *Agent) register(ctx context.Context) error {
	var reply nodeReply
	if err := a.call(ctx, own(methodRegister, a.forms.register(*a.token.Load())), &reply); err != nil {
		return err
	}
	now := time.Now()
	a.learn(reply, func(s *state) {
		s.stats.Registrations++
		s.pace.registered(now, reply.HeartbeatTTL)
	})
	return nil
}

// learn takes what the answer to a registration or a heartbeat says.
func (a *Agent) learn(reply nodeReply, note func(*state)) {
	if id := reply.SignedIdentity; id != nil && *id != "" {
		a.token.Store(id)
	}
	var servers []string
	for _, info := range reply.Servers {
		servers = append(servers, info.RPCAdvertiseAddr)
	}
	a.do(func(s *state) {
		note(s)
		s.servers = s.servers.replace(servers, rand.Shuffle)
		s.stats.Leader, s.stats.NumNodes, s.stats.TTL = reply.LeaderRPCAddr, reply.NumNodes, reply.HeartbeatTTL
	})
}

// credential is what the node shows: its identity, or its secret while it has none.
func (a *Agent) credential() string {
	if token := *a.token.Load(); token != "" {
		return token
	}
	return a.cfg.SecretID
}

// watchAllocs keeps one blocking query pending, and closes asked when the first one has
// been sent.
func (a *Agent) watchAllocs(ctx context.Context, asked chan<- struct{}) {
	begin := sync.OnceFunc(func() { close(asked) })
	for index := uint64(0); ; {
		var reply allocsReply
		c := own(methodAllocs, a.forms.allocs(a.credential(), index))
		if index > 0 {
			c.sent = begin
		}
		if err := a.call(ctx, c, &reply); err != nil {
			if !a.retry(ctx, a.cfg.QueryRetry) {
				return
			}
			continue
		}
		index = max(reply.Index, 1)
		a.do(func(s *state) { s.stats.Queries++ })
	}
}

// rebalanceNowAndThen takes the servers into another order for as long as the agent runs.
func (a *Agent) rebalanceNowAndThen(ctx context.Context) {
	for a.pause(ctx, a.cfg.RebalanceAfter+chance(a.cfg.RebalanceAfter/2)) {
		_ = a.Rebalance(ctx) // then the order stays
	}
}

// Rebalance takes the servers into another order, by chance, so that the first one answers
// a ping, and blocks until then. The session with the one that was in use stays as it is,
// with what goes on there. The error joins those of all servers, if none answered.
func (a *Agent) Rebalance(ctx context.Context) error {
	next := list(a.Stats().Servers)
	rand.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
	var errs []error
	for range next {
		err := a.ping(ctx, next[0])
		if err == nil {
			a.do(func(s *state) { s.servers = next })
			return nil
		}
		errs = append(errs, err)
		next = next.rotate(next[0])
	}
	return errors.Join(errs...)
}
