package demo

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Step is one failure of the cluster, or none. Run blocks until the step is over.
// Its error names the missing event, or is that of ctx.
type Step struct {
	Name string
	Run  func(ctx context.Context, env *Env) error
}

// Scenario is the steps of a demo. All times are multiplied by Pace.
type Scenario struct {
	Steps []Step
	Pace  float64
}

// Full is the scenario of the command demo. It takes half a minute.
func Full() Scenario {
	return Scenario{Pace: 1, Steps: []Step{
		{"steady state", Steady},
		{"kill the active server", killActive},
		{"freeze the active server", freezeActive},
		{"no leader", noLeader},
		{"a server joins by heartbeat", join},
		{"rolling restart", rollingRestart},
		{"everything gone and back", killAll},
	}}
}

// Steady lets calls go on for three seconds, with nothing wrong.
func Steady(ctx context.Context, env *Env) error { return env.Wait(ctx, 3*time.Second) }

// killActive resets the connections of the active server and restarts it later.
func killActive(ctx context.Context, env *Env) error {
	victim, err := env.Active()
	if err != nil {
		return err
	}
	victim.Kill()
	if err := env.Wait(ctx, 2500*time.Millisecond); err != nil {
		return err
	}
	if err := victim.Restart(); err != nil {
		return err
	}
	return env.untilListed(ctx, victim)
}

// freezeActive leaves the connections of the active server open and silent.
func freezeActive(ctx context.Context, env *Env) error {
	victim, err := env.Active()
	if err != nil {
		return err
	}
	victim.Freeze()
	waited := env.Wait(ctx, 4*time.Second)
	victim.Thaw()
	if waited != nil {
		return waited
	}
	return env.untilListed(ctx, victim)
}

// noLeader has every server believe that there is no leader: it holds a call that
// needs one for RPCHoldTimeout and then refuses it.
func noLeader(ctx context.Context, env *Env) error {
	servers := env.Cluster.Servers()
	for _, s := range servers {
		s.Inject(testutil.NoLeader())
	}
	waited := env.Wait(ctx, 3*time.Second)
	for _, s := range servers {
		s.Heal()
	}
	if waited != nil {
		return waited
	}
	return env.Wait(ctx, 500*time.Millisecond)
}

// join starts a server that only replies to heartbeats name, and removes the others
// from the list until it is active.
func join(ctx context.Context, env *Env) error {
	if err := env.Wait(ctx, 500*time.Millisecond); err != nil {
		return err
	}
	added, err := env.Cluster.Join()
	if err != nil {
		return err
	}
	if err := env.untilListed(ctx, added); err != nil {
		return err
	}
	err = env.Until(ctx, "the new server is in front", func(v *messages.View) bool {
		for s := range v.All() {
			if s.Addr != added.Addr() {
				_, _ = env.proxy.Remove(ctx, s) // it fails when ctx ends, which Until sees
			}
		}
		active, ok := env.proxy.View().Active()
		return ok && active.Addr == added.Addr()
	})
	if err != nil {
		return err
	}
	if err := env.untilCalled(ctx, added); err != nil {
		return err
	}
	return env.Until(ctx, "a heartbeat brings the others back", func(v *messages.View) bool {
		return v.Len() == len(env.Cluster.Live())
	})
}

// rollingRestart shuts each server down in an orderly way and restarts it, one
// after the other.
func rollingRestart(ctx context.Context, env *Env) error {
	for _, s := range env.Cluster.Servers() {
		s.Shutdown()
		waited := env.Wait(ctx, 400*time.Millisecond)
		if err := s.Restart(); err != nil {
			return err
		}
		if waited != nil {
			return waited
		}
		if _, err := env.Cluster.AwaitLeader(ctx); err != nil {
			return err
		}
		if err := env.Wait(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// killAll kills every server and restarts them all. Calls wait meanwhile.
func killAll(ctx context.Context, env *Env) error {
	servers := env.Cluster.Servers()
	for _, s := range servers {
		s.Kill()
	}
	if err := env.Wait(ctx, 2500*time.Millisecond); err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.Restart(); err != nil {
			return err
		}
	}
	if _, err := env.Cluster.AwaitLeader(ctx); err != nil {
		return err
	}
	return env.Wait(ctx, 2*time.Second)
}
