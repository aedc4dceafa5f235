package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// setting is what a stage is built from.
type setting struct {
	servers, callers int
	tls              bool
	seed             uint64 // zero: by chance
	logger           zerolog.Logger
}

// stage is what an act acts upon: a cluster, a proxy in front of it and those
// who call.
type stage struct {
	pace    float64 // all times of the play are multiplied by it
	cluster *testutil.Cluster
	proxy   *proxy.Proxy
	books   *books
	callers *callers
}

// openStage starts a cluster and a proxy that knows its servers. Nobody calls
// yet. strike must be called to release it.
func openStage(s setting, pace float64) (*stage, error) {
	st := &stage{pace: pace}
	trust, err := newTrust(s.tls)
	if err != nil {
		return nil, err
	}
	st.cluster, err = testutil.StartCluster(testutil.ClusterConfig{
		Size: s.servers,
		Server: testutil.ServerConfig{
			HeartbeatTTLMin: st.scaled(2 * time.Second),
			HeartbeatTTLMax: st.scaled(3 * time.Second),
			RPCHoldTimeout:  st.scaled(time.Second),
			Seed:            s.seed,
			TLS:             trust.server,
		},
		ElectionDelay:      st.scaled(500 * time.Millisecond),
		ForwardErrorWindow: st.scaled(250 * time.Millisecond),
	})
	if err != nil {
		return nil, err
	}
	st.proxy, err = proxy.Start(proxy.Config{
		Servers: st.cluster.Addrs(),
		NodeID:  nodeID,
		Pool:    pool.Config{Logger: s.logger, TLS: trust.client},
		Logger:  s.logger,
		Seed:    s.seed,
	})
	if err != nil {
		return nil, errors.Join(err, st.cluster.Stop(context.Background()))
	}
	st.books = openBooks()
	st.callers = newCallers(st.proxy, st.books)
	return st, nil
}

// populate lets the callers and the heartbeat begin. The books must be open for
// an act.
func (st *stage) populate(ctx context.Context, s setting) {
	st.callers.start(ctx, s.callers, s.seed)
	b := beat{proxy: st.proxy, callers: st.callers, rest: st.callers.rest, every: st.scaled(time.Second), token: nodeSecret}
	st.callers.group.Go(func() { b.run(ctx) })
}

// strike stops the proxy and then the cluster. The callers must be finished.
func (st *stage) strike() error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	err := errors.Join(st.proxy.Stop(ctx), st.cluster.Stop(ctx))
	st.books.close()
	return err
}

func (st *stage) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * st.pace)
}

// wait lets the play go on for d.
func (st *stage) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(st.scaled(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// patience is how long an act waits for what must come about, on a slow machine
// too.
const patience = time.Minute

// until waits for a view that is as wanted; what says it in words.
func (st *stage) until(ctx context.Context, what string, wanted func(*messages.View) bool) error {
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for view := range st.proxy.Watch(limited) {
		if wanted(view) {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("not within %v: %s", patience, what)
}

// untilListed waits until the proxy knows s.
func (st *stage) untilListed(ctx context.Context, s *testutil.Server) error {
	return st.until(ctx, "a heartbeat lists "+s.Addr(), func(v *messages.View) bool {
		return v.Contains(messages.Server{Addr: s.Addr()})
	})
}

// active is the server that carries the next call.
func (st *stage) active() (*testutil.Server, error) {
	front, err := st.proxy.FindServer()
	if err != nil {
		return nil, err
	}
	s := st.cluster.ServerAt(front.Addr)
	if s == nil {
		return nil, fmt.Errorf("the active server %s is none of the cluster", front)
	}
	return s, nil
}
