package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Env is the environment of a scenario's steps: a cluster, a proxy in front of it,
// and the callers.
type Env struct {
	Cluster *testutil.Cluster

	pace    float64 // all times are multiplied by it
	proxy   *proxy.Proxy
	tally   *tally
	callers *callers
}

// openEnv starts a cluster and a proxy that knows its servers, and no caller yet.
// close releases both.
func openEnv(cfg Config, pace float64) (*Env, error) {
	env := &Env{pace: pace}
	creds, err := newCredentials(cfg.TLS)
	if err != nil {
		return nil, err
	}
	env.Cluster, err = testutil.StartCluster(testutil.ClusterConfig{
		Size: cfg.Servers,
		Server: testutil.ServerConfig{
			HeartbeatTTLMin: env.scaled(2 * time.Second),
			HeartbeatTTLMax: env.scaled(3 * time.Second),
			RPCHoldTimeout:  env.scaled(time.Second),
			Seed:            cfg.Seed,
			TLS:             creds.server,
		},
		ElectionDelay:      env.scaled(500 * time.Millisecond),
		ForwardErrorWindow: env.scaled(250 * time.Millisecond),
	})
	if err != nil {
		return nil, err
	}
	env.proxy, err = proxy.Start(proxy.Config{
		Servers: env.Cluster.Addrs(),
		NodeID:  nodeID,
		Pool:    pool.Config{Logger: cfg.Logger, TLS: creds.client},
		Logger:  cfg.Logger,
		Seed:    cfg.Seed,
	})
	if err != nil {
		return nil, errors.Join(err, env.Cluster.Stop(context.Background()))
	}
	env.tally = openTally()
	env.callers = newCallers(env.proxy, env.tally)
	return env, nil
}

// startCallers starts the callers and the heartbeat. The tally must count for a
// step already.
func (env *Env) startCallers(ctx context.Context, cfg Config) {
	env.callers.start(ctx, cfg.Callers, cfg.Seed)
	h := heartbeat{proxy: env.proxy, callers: env.callers, pause: env.callers.pause, interval: env.scaled(time.Second), token: nodeSecret}
	env.callers.group.Go(func() { h.run(ctx) })
}

// close stops the proxy and then the cluster. The callers must have finished.
func (env *Env) close() error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	err := errors.Join(env.proxy.Stop(ctx), env.Cluster.Stop(ctx))
	env.tally.close()
	return err
}

func (env *Env) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * env.pace)
}

// Wait blocks for d times the pace, or until ctx ends, which is its error.
func (env *Env) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(env.scaled(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// patience is how long a step waits for what must happen. It is far more than that
// takes on a slow machine.
const patience = time.Minute

// Until blocks until wanted accepts a view of the proxy. After a minute it fails
// with an error that quotes event.
func (env *Env) Until(ctx context.Context, event string, wanted func(*messages.View) bool) error {
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for view := range env.proxy.Watch(limited) {
		if wanted(view) {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("not within %v: %s", patience, event)
}

// untilListed blocks until the proxy knows s.
func (env *Env) untilListed(ctx context.Context, s *testutil.Server) error {
	return env.Until(ctx, "a heartbeat lists "+s.Addr(), func(v *messages.View) bool {
		return v.Contains(messages.Server{Addr: s.Addr()})
	})
}

// untilCalled blocks until s has had more calls than probes and heartbeats make.
func (env *Env) untilCalled(ctx context.Context, s *testutil.Server) error {
	const enough = 10
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for s.Counts().Methods["Echo.Echo"] < enough {
		select {
		case <-ticker.C:
		case <-limited.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("not within %v: %d calls reach %s", patience, enough, s.Addr())
		}
	}
	return nil
}

// Active is the server that the next call goes to.
func (env *Env) Active() (*testutil.Server, error) {
	active, err := env.proxy.FindServer()
	if err != nil {
		return nil, err
	}
	s := env.Cluster.ServerAt(active.Addr)
	if s == nil {
		return nil, fmt.Errorf("the active server %s is none of the cluster", active)
	}
	return s, nil
}
