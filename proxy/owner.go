package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// owner runs the roster: it gives it messages and carries out its effects.
type owner struct {
	cfg       *Config
	pinger    Pinger
	pool      *ownPool // nil: the connections are the embedder's
	board     *board
	decisions *recorder
	tenants   *tenants
	missed    *missedNotices // by this owner
	self      actor.Self[messages.Message]

	roster    *roster.Roster
	probes    probes
	discovery discovery
	settings  attempt.Settings
	ttl       time.Duration // of the last heartbeat
	place     float64       // in [0, 1): this agent's among those that find a server silent together
	state     stateFile
	checks    map[string]*check // by address
	recalling bool              // a recall is on its way
	message   messages.Message  // the one that this step takes; nil: a deadline
	notes     notes
}

// newOwner completes o, whose fields up to self are set, and publishes the first view.
func newOwner(o *owner, servers []messages.Server, rng *rand.Rand) *owner {
	cfg := o.cfg
	o.probes.cancel = func() {}
	o.checks = map[string]*check{}
	o.place = rand.Float64()
	o.state = newStateFile(cfg, o.self)
	remembered := loadState(cfg, servers)
	o.state.held = addrsOf(remembered)
	o.roster = roster.New(roster.Config{
		Servers:          servers,
		Remembered:       remembered,
		Datacenter:       cfg.Datacenter,
		PreferDatacenter: cfg.PreferDatacenter,
		RPCMajorVersion:  cfg.RPCMajorVersion,
		Policy:           roster.Policy(cfg.Policy),
		NodeID:           cfg.NodeID,
		FleetIndex:       cfg.FleetIndex,
		Rebalance:        roster.Timing(cfg.Rebalance),
		ProbeTimeout:     cfg.ProbeTimeout,
		ProbeStagger:     cfg.ProbeStagger,
		NoDiscovery:      cfg.Discoverer == nil,
		DiscoverInterval: cfg.DiscoverInterval,
	}, rng)
	now := time.Now()
	o.roster.Start(now)
	o.apply(now)
	return o
}

// tell brings a result back to the owner, with its error frozen. It waits for room in the
// mailbox, but not beyond the owner's end.
func (o *owner) tell(ctx context.Context, m messages.Message) {
	m, _ = frozen(o.cfg.log, m)
	_ = o.self.Ref().Tell(ctx, m)
}

// Step takes one message.
func (o *owner) Step(now time.Time, m messages.Message) {
	o.step(now, m)
	o.sendRecall()
}

func (o *owner) step(now time.Time, m messages.Message) {
	switch received := m.(type) { //nolint:gochecksumtype // the roster takes them all; the shell reads these as well
	case doubtful:
		if o.doubt(now, received.FailureNotice) {
			return
		}
		m = received.FailureNotice
	case checked:
		o.checkEnded(now, received)
		return
	case recall:
		o.recalling = false
		for _, missed := range o.missed.take() {
			o.step(now, missed)
		}
		return
	case messages.Suspected:
		o.suspected(now, received.Addr)
	case messages.HeartbeatUpdate:
		o.ttl = received.TTL
		o.setLease()
	case messages.DiscoveryDone:
		m = o.discovery.done(received)
	}
	o.message = m
	o.notes.taken(now, m, o.board.snap.Load().active.Addr)
	o.roster.Step(now, m)
	o.apply(now)
	if _, ok := m.(messages.SetServers); ok {
		o.state.withdraw(o.board.snap.Load().view)
	}
	if update, ok := m.(messages.HeartbeatUpdate); ok && update.LeaderRPCAddr != "" {
		o.state.save(o.board.snap.Load().view)
	}
}

// sendRecall sends a recall if there is something to take, and waits for room beside the owner.
// It is called behind each message: a sender that keeps a notice has seen a full mailbox, or has
// sent a recall itself.
func (o *owner) sendRecall() {
	if o.recalling || o.missed.kept.Load() == nil {
		return
	}
	o.recalling = true
	o.self.Go(func(ctx context.Context) {
		_ = o.self.Ref().Tell(ctx, recall{}) // fails once the owner ends
	})
}

// Expire carries out the decisions that are due.
func (o *owner) Expire(now time.Time) {
	o.message = nil
	o.roster.Expire(now)
	o.apply(now)
}

// Deadline is the roster's.
func (o *owner) Deadline() time.Time { return o.roster.Deadline() }

// Stop ends the probes and answers the requests that wait for the end of a round. The actor
// answers all others.
func (o *owner) Stop(cause error) {
	o.probes.cancel()
	o.state.close()
	if cause != ErrStopped { //nolint:errorlint // a fault may wrap it
		o.publishFault(cause)
		defer o.logFault(cause)
	}
	for _, reply := range o.roster.Waiting() {
		reply.Abandon(messages.RebalanceResult{Err: cause})
	}
}

// apply carries out the roster's effects, in its order.
func (o *owner) apply(now time.Time) {
	effects := o.roster.Take()
	o.record(now, effects)
	for _, e := range effects {
		if o.cfg.effects != nil {
			o.cfg.effects(e)
		}
		switch e := e.(type) {
		case roster.Publish:
			o.logActive(e)
			o.reportAdded(e.View)
			move := o.notes.publishing(now, o.message, o.board.snap.Load(), e)
			o.board.publish(e, nil)
			o.tune(e.View)
			o.notes.published(move)
		case roster.Probe:
			o.notes.probed(now, e)
			o.probe(e)
		case roster.EndRound:
			o.probes.cancel()
		case roster.Corroborate:
			o.corroborate(e)
		case roster.Reconnect:
			o.reconnect(e)
		case roster.Discover:
			o.notes.discovering(now)
			o.discover(e)
		case roster.Log:
			o.log(e)
			o.notes.logged(now, e, o.board.snap.Load().active)
		case roster.Answerer:
			e.Deliver()
		}
	}
}

// record keeps the decisions of this step, before they are carried out: a caller that is
// answered finds the record of its own message. A step that decides nothing, such as an
// unchanged heartbeat, leaves no record: the record is of changes, and must reach far back.
func (o *owner) record(at time.Time, effects []roster.Effect) {
	var shown roster.Publish
	snap := o.board.snap.Load() // nil: this is the start, whose first effect publishes
	if snap != nil {
		shown = roster.Publish{View: snap.view, ActiveReason: snap.activeReason}
	}
	var did deeds
	for _, e := range effects {
		if e, ok := e.(roster.Publish); ok {
			shown = e
		}
		did.add(actionOf(e))
	}
	actions := did.actions()
	if actions == nil {
		return
	}
	d := decisionOf(o.message)
	if snap == nil {
		d.Kind, d.Cause = CauseStart, "the start"
	}
	active, _ := shown.View.Active()
	d.At, d.Did = at, actions
	d.Epoch, d.Active, d.Reason = shown.View.Epoch(), active.Addr, shown.ActiveReason
	o.decisions.add(d, sameKey(d))
}

// publishFault publishes the last list with no active server, so that readers see the
// fault at once.
func (o *owner) publishFault(cause error) {
	v := o.board.snap.Load().view
	o.board.publish(roster.Publish{
		View:         messages.NewView(v.Epoch()+1, slices.Collect(v.Ranking()), -1, v.NumNodes(), v.LeaderAddr()),
		ActiveReason: "the proxy has ended for a fault of its own",
	}, cause)
}

// logFault logs why the owner, or the pool's owner, ended.
func (o *owner) logFault(cause error) {
	line := o.cfg.log.Error().Err(cause)
	if fault, ok := errors.AsType[*actor.PanicError](cause); ok {
		line = line.Bytes("stack", fault.Stack)
	}
	line.Msg("the proxy has ended for a fault of its own: every call fails until another one is started")
}
