package proxy

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// owner runs the roster: it brings it messages and does what it decides.
type owner struct {
	proxy  *Proxy
	self   actor.Self[messages.Message]
	roster *roster.Roster

	round      context.Context // of the probes under way
	endRound   context.CancelFunc
	roundIndex uint64
	search     search
	retained   string        // the server whose session the pool keeps
	ttl        time.Duration // of the last heartbeat
	place      float64       // in [0, 1): this agent's among those that fall silent together
	keepalive  time.Duration // as the pool knows it
	spread     time.Duration // of dials, as the pool knows it
	lease      time.Duration // the same, of the TTL
	memory     memory
	took       messages.Message // the message that is being taken; nil: a deadline
}

func newOwner(p *Proxy, self actor.Self[messages.Message], servers, remembered []messages.Server, rng *rand.Rand) *owner {
	o := &owner{
		proxy: p, self: self, endRound: func() {}, memory: newMemory(p, self), place: rand.Float64(),
		roster: roster.New(roster.Config{
			Servers:          servers,
			Remembered:       remembered,
			Datacenter:       p.cfg.Datacenter,
			PreferDatacenter: p.cfg.PreferDatacenter,
			RPCMajorVersion:  p.cfg.RPCMajorVersion,
			Policy:           p.cfg.Policy,
			NodeID:           p.cfg.NodeID,
			FleetIndex:       p.cfg.FleetIndex,
			Rebalance:        p.cfg.Rebalance,
			ProbeTimeout:     p.cfg.ProbeTimeout,
			ProbeStagger:     p.cfg.ProbeStagger,
			NoDiscovery:      p.cfg.Discoverer == nil,
			DiscoverInterval: p.cfg.DiscoverInterval,
		}, rng),
	}
	o.watchPool()
	now := time.Now()
	o.roster.Start(now)
	o.apply(now)
	return o
}

// Step takes one message.
func (o *owner) Step(now time.Time, m messages.Message) {
	switch told := m.(type) { //nolint:gochecksumtype // the roster takes them all; these say something to the shell too
	case messages.HeartbeatUpdate:
		o.ttl = told.TTL
		o.lengthen()
	case messages.DiscoveryDone:
		m = o.search.done(told)
	}
	o.took = m
	o.roster.Step(now, m)
	o.apply(now)
	if told, ok := m.(messages.HeartbeatUpdate); ok && told.LeaderRPCAddr != "" {
		o.memory.keep(o.proxy.View())
	}
}

// Expire does what is due.
func (o *owner) Expire(now time.Time) {
	o.took = nil
	o.roster.Expire(now)
	o.apply(now)
}

// Deadline is the roster's.
func (o *owner) Deadline() time.Time { return o.roster.Deadline() }

// Stop ends the probes and answers those who wait for the end of a round. Who waits
// for anything else is answered by the actor.
func (o *owner) Stop(cause error) {
	o.endRound()
	o.memory.end()
	if cause != ErrStopped { //nolint:errorlint // a fault may wrap it
		o.proxy.publishFault(cause)
		defer o.proxy.logFault(cause)
	}
	for _, reply := range o.roster.Waiting() {
		reply.Abandon(messages.RebalanceResult{Err: cause})
	}
}

// apply does what the roster decided, in its order.
func (o *owner) apply(now time.Time) {
	effects := o.roster.Take()
	o.record(now, effects)
	for _, e := range effects {
		switch e := e.(type) {
		case roster.Publish:
			o.front(e)
			o.added(e.View)
			o.proxy.publish(e, nil)
			o.tune(e.View)
		case roster.Probe:
			o.probe(e)
		case roster.EndRound:
			o.endRound()
		case roster.Corroborate:
			o.witness(e)
		case roster.Reconnect:
			o.reconnect(e)
		case roster.Discover:
			o.discover(e)
		case roster.Log:
			o.log(e)
		case roster.Answerer:
			e.Deliver()
		}
	}
}

// probe pings one server in a goroutine of its own.
func (o *owner) probe(e roster.Probe) {
	if e.Round != o.roundIndex {
		o.endRound()
		o.roundIndex = e.Round
		o.round, o.endRound = context.WithCancel(context.Background())
	}
	round := o.round
	o.self.Go(func(ctx context.Context) {
		pinging, stop := context.WithDeadline(round, e.Until)
		defer stop()
		rtt, err := o.proxy.pinger.Ping(pinging, e.Server.Addr)
		// Bounded by the probes of a round; it ends with the owner.
		_ = o.self.Ref().Tell(ctx, messages.ProbeDone{Round: e.Round, Server: e.Server, RTT: rtt, Err: err})
		if err == nil {
			o.follow(ctx, e.Server)
		}
	})
}

// front logs when another server carries the calls.
func (o *owner) front(e roster.Publish) {
	active, _ := e.View.Active()
	last := o.proxy.now.Load()
	if last == nil || active.Addr == last.active.Addr {
		return
	}
	o.proxy.cfg.Logger.Debug().Stringer("server", active).Stringer("before", last.active).
		Str("source", string(e.View.Source(active))).Str("why", e.ActiveReason).
		Uint64("epoch", e.View.Epoch()).Msg("another server is in front")
}

// tune tells the pool which session to keep, and how often to look for life.
func (o *owner) tune(view *messages.View) {
	if o.proxy.pool == nil {
		return
	}
	// The pool's owner never waits for this one, so its mailbox empties.
	if active, _ := view.Active(); active.Addr != o.retained {
		o.retained = active.Addr
		_ = o.proxy.pool.Retain(context.Background(), active.Addr)
	}
	if every := attempt.Keepalive(o.ttl, o.place); every != o.keepalive {
		o.keepalive = every
		_ = o.proxy.pool.Keepalive(context.Background(), every)
	}
	if over := dialSpread(view.NumNodes(), view.Len()); over != o.spread {
		o.spread = over
		_ = o.proxy.pool.DialSpread(context.Background(), over)
	}
}

// lengthen tells the pool for how long heartbeats hold. They are granted by chance
// between one and two times the least, so the longest of late counts.
func (o *owner) lengthen() {
	if o.proxy.pool == nil || o.ttl <= 0 || o.ttl <= o.lease && o.ttl >= o.lease/2 {
		return
	}
	o.lease = o.ttl
	_ = o.proxy.pool.HeartbeatTTL(context.Background(), o.ttl)
}
