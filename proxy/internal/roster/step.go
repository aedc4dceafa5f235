package roster

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// New makes a Roster. It owns rng from then on: give each client a source with a
// seed of its own, or all of them choose the same servers. The configured servers
// stand in the order of the policy, not in the one given: clients that share a
// configuration must not all begin with its first server, nor return to it.
func New(cfg Config, rng *rand.Rand) *Roster {
	return newShared(cfg).New(cfg.NodeID, cfg.FleetIndex, rng)
}

// New makes a Roster. It owns rng from then on: give each client a source with a seed of its
// own, or all of them choose the same servers. nodeID and fleetIndex are as in Config.
func (s *Shared) New(nodeID string, fleetIndex uint64, rng *rand.Rand) *Roster {
	r := &Roster{shared: s, nodeID: nodeID, fleetIndex: fleetIndex, rng: rng}
	r.list.known = s.known
	r.setUp()
	return r
}

// setUp lists the servers of the configuration.
func (r *Roster) setUp() {
	r.list.primaries = newEntries(r.initial())
	copy(r.list.primaries, r.arrange(false))
	r.seeds = make([]seed, 0, len(r.list.primaries))
	for _, e := range r.list.primaries {
		r.seeds = append(r.seeds, seed{about: e.about})
	}
	for _, s := range r.shared.cfg.Remembered {
		r.list.addBackup(s, messages.SourceFile).found = true
	}
}

// initial is what is known of the servers of the configuration, each of them once.
func (r *Roster) initial() []*about {
	s := r.shared
	if s.first == nil {
		l := list{known: s.known}
		for _, server := range s.cfg.Servers {
			l.addPrimary(server, messages.SourceConfig)
		}
		for _, e := range l.primaries {
			s.first = append(s.first, e.about)
		}
	}
	return s.first
}

// Start publishes the first view and arms the first rebalance; without a server
// it asks for discovery. Later calls do nothing. A Step or Expire that comes
// first implies it.
func (r *Roster) Start(at time.Time) {
	if r.started {
		return
	}
	r.finish(r.begin(at))
}

// begin is what comes first in every step.
func (r *Roster) begin(at time.Time) (now moment.Time) {
	now = r.shared.clock.Of(at)
	r.shared.box.open()
	r.start(now)
	return now
}

// Step takes one message. Its effects wait for Take.
func (r *Roster) Step(at time.Time, m messages.Message) {
	now := r.begin(at)
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		r.heartbeat(now, m)
	case messages.FailureNotice:
		r.failed(now, m)
	case messages.Recovered:
		r.recovered(m)
	case messages.Reconnected:
		r.reconnected(m.Server.Addr)
	case messages.Suspected:
		r.suspected(now, m)
	case messages.RebalanceTick:
		r.rebalance(now, m.Reply)
	case messages.SetServers:
		r.setServers(now, m)
	case messages.SetBackups:
		r.setBackups(now, m)
	case messages.AddBackup:
		r.addBackup(now, m)
	case messages.AddPrimary:
		r.addPrimary(now, m)
	case messages.RemoveServer:
		r.removeServer(m)
	case messages.ProbeDone:
		r.probeDone(now, m)
	case messages.DiscoveryDone:
		r.discovered(now, m)
	}
	r.finish(now)
}

// Expire does whatever is due. Calling it early is harmless.
func (r *Roster) Expire(at time.Time) {
	now := r.begin(at)
	r.expireQuorum(now)
	switch {
	case r.round.running:
		r.expireRound(now)
	default:
		r.beginDue(now)
	}
	r.finish(now)
	if !r.round.running && due(r.nextRound(), now) { // a list that has just changed may have moved it here
		r.beginDue(now)
		r.finish(now)
	}
}

// Deadline is when Expire wants to be called next. It is zero before the start
// and never after it.
func (r *Roster) Deadline() time.Time { return r.shared.clock.Time(r.deadline()) }

// deadline is when Expire is to be called next; zero: before the start.
func (r *Roster) deadline() moment.Time {
	if !r.started {
		return 0
	}
	at := r.nextRound()
	if r.round.running {
		at = r.round.deadline()
	}
	at = earlier(at, r.quorum.deadline())
	return earlier(at, r.discoveryDeadline())
}

// Take hands out the effects since the last Take, in order. The slice is valid
// until the next Start, Step or Expire.
func (r *Roster) Take() []Effect { return r.shared.box.take() }

// Waiting is the replies that wait for the end of a round, and those whose answer has not
// been taken, or was in the last Take. A shell that ends before it delivered them answers
// them itself.
func (r *Roster) Waiting() []actor.Reply[messages.RebalanceResult] {
	var waiting []actor.Reply[messages.RebalanceResult]
	if r.rare != nil {
		waiting = slices.Clone(r.rare.waiters)
	}
	for _, effects := range [][]Effect{r.shared.box.answers, r.shared.box.out} {
		for _, e := range effects {
			if a, ok := e.(Answer[messages.RebalanceResult]); ok {
				waiting = append(waiting, a.To)
			}
		}
	}
	return waiting
}

// start arms what needs the time, once.
func (r *Roster) start(now moment.Time) {
	if r.started {
		return
	}
	r.started = true
	r.discovery = discovery{interval: r.shared.cfg.DiscoverInterval, earliest: now}
	r.rearm(now)
	r.schedule.first = true
	r.resize(now)
}

// finish ends a step: begin discovery if it is wanted, publish once if anything
// visible changed, then answer.
func (r *Roster) finish(now moment.Time) {
	r.releaseRetained()
	r.restoreIfNoneAlive()
	r.logEpisode(now)
	r.noteReached()
	r.resize(now)
	r.noteJoined(now)
	r.postpone(now)
	r.discovery.want(now, r.wantsDiscovery(), r.list.len() == 0, r.numNodes, r.rng)
	if due(r.discoveryDeadline(), now) {
		r.shared.box.command(Discover{Run: r.discovery.begin(now, r.numNodes, r.rng)})
	}
	r.shared.box.close(r.publish())
}

// beginDue begins the next round if it is due.
func (r *Roster) beginDue(now moment.Time) {
	if due(r.nextRound(), now) {
		r.beginRound(now, r.fleetIndex == 0 && !due(r.regular(), now))
	}
}
