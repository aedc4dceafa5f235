package testutil

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Cluster is a number of servers that know each other: they name each other in
// heartbeat replies, share the registered nodes and agree on a leader. All its
// methods may be called from any goroutine. Servers are numbered from 0 in the
// order they came; a number is never given to another server.
type Cluster struct {
	cfg   ClusterConfig
	world *world
}

// StartCluster starts the servers; the first one leads, unless FirstElection asks
// for an election. The error is
// *ConfigError, or that of listening. The caller owns the cluster and must stop
// it.
func StartCluster(cfg ClusterConfig) (*Cluster, error) {
	if cfg.Size == 0 {
		cfg.Size = 3
	}
	if cfg.ElectionDelay == 0 {
		cfg.ElectionDelay = 50 * time.Millisecond
	}
	if cfg.TransferDelay == 0 {
		cfg.TransferDelay = 50 * time.Millisecond
	}
	switch {
	case cfg.Size < 0:
		return nil, &ConfigError{Field: "Size", Value: fmt.Sprint(cfg.Size), Reason: "must not be negative; zero is three"}
	case cfg.Size > 1 && cfg.Server.Addr != "":
		return nil, &ConfigError{Field: "Server.Addr", Value: cfg.Server.Addr, Reason: "several servers cannot share one address; leave it empty"}
	}
	for field, d := range map[string]time.Duration{
		"ElectionDelay": cfg.ElectionDelay, "ForwardErrorWindow": cfg.ForwardErrorWindow, "TransferDelay": cfg.TransferDelay,
		"FailoverTTL": cfg.FailoverTTL, "FirstElection": cfg.FirstElection, "KeyringDelay": cfg.KeyringDelay,
	} {
		if d < 0 {
			return nil, &ConfigError{Field: field, Value: d.String(), Reason: "must not be negative"}
		}
	}
	cfg.Server = cfg.Server.withDefaults()
	if cfg.Size > 1 {
		cfg.Server.Addr = "127.0.0.1:0"
	}
	c := &Cluster{cfg: cfg, world: newWorld(cfg)}
	for range cfg.Size {
		if _, err := startMember(cfg.Server, c.world, nil); err != nil {
			return nil, errors.Join(err, c.Stop(context.Background()))
		}
	}
	return c, nil
}

// Join starts one more server; heartbeats name it from now on.
func (c *Cluster) Join() (*Server, error) {
	cfg := c.cfg.Server
	cfg.Addr = "127.0.0.1:0"
	return c.JoinWith(cfg)
}

// JoinWith starts one more server with a configuration of its own. The error is
// that of [StartServer], or ErrStopped.
func (c *Cluster) JoinWith(cfg ServerConfig) (*Server, error) { return startMember(cfg, c.world, nil) }

// Leave shuts server i down and takes it out of the configuration: it no longer
// counts for the quorum. It must not be restarted.
func (c *Cluster) Leave(i int) {
	s := c.Server(i)
	s.Shutdown()
	c.world.leave(s.addr)
}

// Kill kills server i; see [Server.Kill].
func (c *Cluster) Kill(i int) { c.Server(i).Kill() }

// Restart brings server i back; see [Server.Restart].
func (c *Cluster) Restart(i int) error { return c.Server(i).Restart() }

// Server returns server i, dead or not. Like an index of a slice, i must be in
// range; it panics otherwise.
func (c *Cluster) Server(i int) *Server { return c.Servers()[i] }

// Servers returns all servers that ever were in the cluster, in the order they
// came.
func (c *Cluster) Servers() (all []*Server) {
	for _, s := range c.world.outlook().servers {
		all = append(all, s.(*Server))
	}
	return all
}

// ServerAt returns the server with the address, nil if there is none.
func (c *Cluster) ServerAt(addr string) *Server {
	all := c.Servers()
	i := slices.IndexFunc(all, func(s *Server) bool { return s.addr == addr })
	if i < 0 {
		return nil
	}
	return all[i]
}

// Addrs returns the addresses of all members, dead or alive, in the order they
// came. Those that left are not among them.
func (c *Cluster) Addrs() []string { return slices.Clone(c.world.outlook().configured) }

// Live returns the addresses of the members that heartbeats name.
func (c *Cluster) Live() (addrs []string) {
	for _, info := range c.world.outlook().live {
		addrs = append(addrs, info.RPCAdvertiseAddr)
	}
	return addrs
}

// Leader returns the leader's address, "" while there is none.
func (c *Cluster) Leader() string { return c.world.outlook().leader }

// AwaitLeader waits until there is a leader and returns its address. The error
// is that of ctx.
func (c *Cluster) AwaitLeader(ctx context.Context) (string, error) {
	for {
		o := c.world.outlook()
		if o.leader != "" {
			return o.leader, nil
		}
		select {
		case <-o.changed:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// Nodes returns the registered nodes, ordered by ID.
func (c *Cluster) Nodes() []NodeRecord { return c.world.records() }

// Purge forgets a node. It returns false if there was none.
func (c *Cluster) Purge(nodeID string) bool { return c.world.purge(nodeID) }

// SetAllocs replaces the allocations of a node (allocation ID to modify index)
// and so wakes its blocking queries. It returns the new index, and false if the
// node is not registered.
func (c *Cluster) SetAllocs(nodeID string, allocs map[string]uint64) (index uint64, ok bool) {
	return c.world.setAllocs(nodeID, allocs)
}

// Executions returns how often Echo.Count or Echo.Once ran for the ID.
func (c *Cluster) Executions(id string) int { return c.world.executed()[id] }

// ExecutionCounts returns how often Echo.Count and Echo.Once ran for each ID.
func (c *Cluster) ExecutionCounts() map[string]int { return c.world.executed() }

// ForgetExecutions returns how often Echo.Count and Echo.Once ran for those of
// the IDs for which they did, and forgets these: a cluster that runs for long
// would else remember every ID there ever was. One that runs again later counts
// from 1.
func (c *Cluster) ForgetExecutions(ids ...string) map[string]int {
	return c.world.forgetExecutions(ids)
}

// Stop stops all servers and waits for them, within ctx. The error joins those
// of [Server.Stop]. Stopping twice is fine.
func (c *Cluster) Stop(ctx context.Context) error {
	c.world.close()
	var errs []error
	for _, s := range c.Servers() {
		errs = append(errs, s.Stop(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	c.world.stop()
	return nil
}
