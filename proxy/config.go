package proxy

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"reflect"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// Config configures a Proxy. The zero value works: such a Proxy waits until
// servers are added. A duration may be up to a year.
type Config struct {
	// Servers are addresses as ParseServer reads them. A name is resolved at each dial, and
	// after each round in which its server answered, in case it resolves to another address
	// by then. While a server stays without a leader for more than 20 s its address is
	// dialed anew, while the session stays, and the session on which a leader is known
	// is used. Duplicates count once. A bad address is left out, with a warning in the log,
	// unless all are bad or Strict is set. Proxy.SetServers replaces them at run time.
	Servers []string

	// Strict makes Start fail if any address of Servers is bad; the error names each.
	Strict bool

	// Region is the region of the agent's cluster. Empty means "global". With TLS
	// a server must have a certificate for it, unless Pool.TLS has another one.
	Region string

	// Datacenter is the agent's own. With PreferDatacenter, which needs it, its servers rank
	// before the others.
	Datacenter       string
	PreferDatacenter bool

	// NodeID identifies the agent. Rendezvous ranks servers by it, and needs one that
	// is the agent's alone: agents that share one all choose the same server.
	NodeID string

	// FleetIndex is the agent's number in the fleet, from 1; the last bits of the host's
	// address do well. With the policy Shuffle it decides where the agent goes after a
	// failover: agents with consecutive numbers spread evenly over the servers, and
	// return to them when they are back. Zero: the agent goes back to the server that it
	// had left, once that is back, so the fleet is as even as it was. It must be zero with
	// Rendezvous.
	FleetIndex uint64

	// RPCMajorVersion is the newest version of the protocol the agent speaks.
	// Servers of a newer one are left out of the list.
	RPCMajorVersion int

	// Policy orders the servers of one class at a rebalance round. The zero value
	// is Shuffle.
	Policy Policy

	// Rebalance sets the time between rounds.
	Rebalance Timing

	// ProbeTimeout bounds a rebalance round: zero means 3 s. ProbeStagger is the
	// silence after which the next server is probed in parallel: zero means 250 ms. The
	// first server is still preferred for half of ProbeTimeout if the agent is served
	// meanwhile. A round probes 16 servers at most.
	ProbeTimeout, ProbeStagger time.Duration

	// Discoverer finds servers when the agent has lost them all; nil finds none.
	// Without one, and without Servers, calls wait until a server is added: by
	// SetServers, AddPrimary, AddBackup, SetBackups or a heartbeat.
	Discoverer Discoverer

	// DiscoverInterval is the least time between two runs of the Discoverer, plus
	// up to a quarter: zero means 15 s. In a cluster of more than 7,500 nodes it is a
	// second for each 500 nodes, up to five minutes, over which the first runs are
	// spread as well: a cause that makes one agent look makes all of them look. Until a run
	// has found a server, or one has answered, since the start, the first three runs are
	// followed sooner, after 1, 2 and 4 s, plus up to a half: the discovery's own servers may
	// start a moment after the agent.
	// DiscoverTimeout bounds one run: zero means 10 s. Without a Discoverer both say nothing.
	DiscoverInterval, DiscoverTimeout time.Duration

	// StateFile is where the servers that work are kept over a restart of the agent:
	// they stand behind the configured ones until a heartbeat names a leader. It is
	// written when a heartbeat changes the servers, in a goroutine of its own, whole
	// or not at all, readable for its owner only; a damaged file is reported and
	// ignored, and so is one that another user owns or can write, and what is no regular
	// file. A link stays, and the file it leads to is written; not in a directory that
	// everybody can write, and not over what is no such list. Start waits 5 s at most for
	// the file, and Stop 2 s. Empty: nothing is kept.
	StateFile string

	// RetryTimeout bounds a call whose context has no deadline, but not an answer that
	// comes in, and not an attempt to which WithHoldTime gives longer. Of a blocking query
	// it bounds how long it is sent again, and is four of its maxDuration pauses if that is
	// more. Zero means 30 s.
	RetryTimeout time.Duration

	// Pinger probes servers over connections that are not the proxy's. If it is a
	// Caller too, calls go over it, and streams if it is a Streamer as well. nil means a
	// pool of the proxy's own, made from Pool, which must be empty with a Pinger.
	Pinger  Pinger
	Pool    pool.Config
	hooks   poolhooks.Hooks     // of tests: Down and Renewed are called behind the proxy's own
	effects func(roster.Effect) // of tests: the owner calls it with each effect, before it carries that out

	// Logger gets one line per event that an operator should see. Its writer and hooks are
	// called by one goroutine at a time, which nothing waits for; where they do not keep up
	// lines are dropped, and counted (Proxy.Stats). The zero value logs nothing. The modules
	// proxy/plugin/slog and proxy/plugin/hclog make one of what they are named after.
	Logger zerolog.Logger
	log    *logqueue.Logger // of Logger

	// Observers are told what the Proxy and its Tenants do: see Observer. The slice is read by
	// Start only.
	Observers []Observer

	// Seed makes the order of servers repeatable, for tests, within one version of this module.
	// Zero means a seed of its own for each Proxy.
	Seed uint64
}

// Policy is how the servers of one class are ordered.
type Policy uint8

const (
	// Shuffle draws a new random order for each round, so that load spreads.
	Shuffle Policy = iota
	// Rendezvous ranks by a hash of NodeID and the server's address, so that in
	// equilibrium no connection moves.
	Rendezvous
)

func (p Policy) String() string { return roster.Policy(p).String() }

// Timing sets the time between rebalance rounds. Zero means the default; in a large fleet
// both durations are longer.
type Timing struct {
	MinInterval          time.Duration // least time between rounds, plus up to a half; default 120 s
	ConnsPerServerSecond int           // new connections a second that the rounds of all agents may cost a server; default 64
	Spread               time.Duration // least time from a failover, or a new server, to the round that it brings forward, plus up to twice as much; default 5 s
}

// Pinger asks the server at addr whether it answers, and returns how long that
// took. It must return when ctx ends.
type Pinger interface {
	Ping(ctx context.Context, addr string) (time.Duration, error)
}

// Caller carries one call to the server at addr. It must return when ctx ends.
// An error that is not a *pool.CallError counts as one after which the call may
// have been executed. An answer of the server's that is an error must be a *pool.RemoteError
// in one with PhaseRemote: any other error counts as a failure of the server.
// pool.ReadRemoteError makes it of the answer's text.
type Caller interface {
	Call(ctx context.Context, addr, method string, args, reply any) error
}

// Streamer opens streaming calls. A Pinger that is a Caller may be one too; see
// pool.Pool.Stream for what the connection must do.
type Streamer interface {
	Stream(ctx context.Context, addr, method string) (net.Conn, error)
}

// Discoverer finds the addresses of servers. It is called in a goroutine of its
// own, one call at a time, and must return when ctx ends. A method Source() string
// names it in the View and in logs; see also Finder.
type Discoverer interface {
	Discover(ctx context.Context) ([]string, error)
}

// Finder is a Discoverer that returns the source of each address, such as one made of
// several. If it is implemented, Find is called instead of Discover. An error that comes
// with addresses is logged, and the addresses are used.
type Finder interface {
	Find(ctx context.Context) ([]messages.Found, error)
}

// maxDuration bounds every duration: far beyond use, and sums of a few of them do not
// overflow.
const maxDuration = 365 * 24 * time.Hour

// startsEmpty reports whether servers are to be added later: calls wait for one, although
// the Proxy looks for none.
func (c *Config) startsEmpty() bool { return len(c.Servers) == 0 && c.Discoverer == nil }

// agentsOwn refuses a nil pointer, or function, where the agent's own code is called.
func (c *Config) agentsOwn() error {
	for name, v := range map[string]any{"Pinger": c.Pinger, "Discoverer": c.Discoverer} {
		if kind := reflect.ValueOf(v).Kind(); (kind == reflect.Pointer || kind == reflect.Func) && contain.IsNil(v) {
			return &ConfigError{Field: name, Reason: fmt.Sprintf("is a nil %T: give one that is made, or leave the field nil", v)}
		}
	}
	return nil
}

// validate fills in the defaults and reads the addresses. bad has an error for each
// address that is left out.
func (c *Config) validate() (servers []messages.Server, bad []*messages.AddrError, err error) {
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"ProbeTimeout", &c.ProbeTimeout, roster.ProbeTimeout},
		{"ProbeStagger", &c.ProbeStagger, roster.ProbeStagger},
		{"DiscoverInterval", &c.DiscoverInterval, roster.DiscoverInterval},
		{"DiscoverTimeout", &c.DiscoverTimeout, 10 * time.Second},
		{"RetryTimeout", &c.RetryTimeout, attempt.RetryTimeout},
	} {
		if *d.value < 0 || *d.value > maxDuration {
			return nil, nil, &ConfigError{Field: d.name, Reason: fmt.Sprintf("is %v: give a positive duration up to %v, or 0 for %v", *d.value, maxDuration, d.zero)}
		}
		*d.value = cmp.Or(*d.value, d.zero)
	}
	if err := c.agentsOwn(); err != nil {
		return nil, nil, err
	}
	if err := checkObservers(c.Observers); err != nil {
		return nil, nil, err
	}
	if c.Policy > Rendezvous {
		return nil, nil, &ConfigError{Field: "Policy", Reason: fmt.Sprintf("is %d: give Shuffle or Rendezvous", c.Policy)}
	}
	if c.Policy == Rendezvous && c.NodeID == "" {
		return nil, nil, &ConfigError{Field: "NodeID", Reason: `is "" and the policy rendezvous ranks servers by it: give the agent's own, or the policy Shuffle`}
	}
	if t := c.Rebalance; t.MinInterval < 0 || t.Spread < 0 || t.ConnsPerServerSecond < 0 || max(t.MinInterval, t.Spread) > maxDuration {
		return nil, nil, &ConfigError{Field: "Rebalance", Reason: fmt.Sprintf("is %+v: give positive values, durations up to %v, or 0 for the defaults", t, maxDuration)}
	}
	if err := c.together(); err != nil {
		return nil, nil, err
	}
	c.Region = cmp.Or(c.Region, "global")
	servers, bad = roster.Parse(c.Servers)
	if len(bad) > 0 && (c.Strict || len(servers) == 0) {
		err := &messages.AddrsError{Errs: bad}
		return nil, nil, &ConfigError{Field: "Servers", Reason: err.Error(), Err: err}
	}
	return servers, bad, nil
}
