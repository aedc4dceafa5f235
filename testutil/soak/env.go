package main

import (
	"context"
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// env is the cluster and the proxy in front of it.
type env struct {
	cluster *testutil.Cluster
	proxy   *proxy.Proxy
}

// openEnv starts both. The times of the cluster are those of a real one,
// shortened to two fifths.
func openEnv(seed uint64) (*env, error) {
	c, err := testutil.StartCluster(testutil.ClusterConfig{
		Size: slots,
		Server: testutil.ServerConfig{
			HeartbeatTTLMin: 4 * time.Second,
			HeartbeatTTLMax: 8 * time.Second,
			RPCHoldTimeout:  2 * time.Second,
			Seed:            seed,
		},
		ElectionDelay:      500 * time.Millisecond,
		ForwardErrorWindow: 250 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	p, err := proxy.Start(proxy.Config{
		Servers: c.Addrs(),
		NodeID:  nodeID,
		Seed:    seed,
		// A server that lives and does not answer is found out by this alone. At
		// the default, a call would wait for longer than it may last here.
		//
		// Sessions and streams that are not used are closed soon. So many are
		// opened and closed, and the heap shows what is lost.
		Pool: pool.Config{HoldTimeout: 3 * time.Second, IdleTimeout: 3 * time.Second, MaxIdleStreams: 32},
	})
	if err != nil {
		return nil, errors.Join(err, c.Stop(context.Background()))
	}
	return &env{cluster: c, proxy: p}, nil
}

// close stops the proxy and then the cluster.
func (s *env) close() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	return errors.Join(s.proxy.Stop(ctx), s.cluster.Stop(ctx))
}
