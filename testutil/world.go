package testutil

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// world is what the servers of one cluster have in common: who is a member and
// lives, who leads, the registered nodes, and which requests ran. A server that
// stands alone has a world of its own.
type world struct {
	*owner[worldState]
	published *atomic.Pointer[outlook]
}

// member is one server of the cluster.
type member struct {
	info   ServerInfo
	server listener // never called from the world's owner
	live   bool
	parted bool // when it lived last, it ended in an orderly way
	left   bool
}

// worldState belongs to the world's owner.
type worldState struct {
	cfg       ClusterConfig
	rng       *rand.Rand
	published *atomic.Pointer[outlook]
	told      *Picture // of a puppet: what it was told; nil: it finds out for itself

	closed    bool      // no further members
	members   []*member // in joining order, never shortened
	leader    string
	lost      string
	parting   string // a leader that is about to end in an orderly way
	parted    bool   // so did the one that was lost
	lostUntil time.Time
	lostAt    time.Time
	electAt   time.Time
	electedAt time.Time
	keyringAt time.Time // from when on identities can be signed
	transfer  transfer
	term      uint64 // elections so far

	index      uint64
	nodes      map[string]*node
	secrets    map[string]string // to node ID
	signer     *signer
	arrival    chan struct{} // closed when a new node is registered
	allocIndex uint64        // of the last change of allocations of any node
	events     eventLog
	conns      connLog
	executions map[string]int
}

func newWorld(cfg ClusterConfig) *world {
	seed := cfg.Server.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	state := &worldState{
		cfg:        cfg,
		rng:        rng,
		published:  &atomic.Pointer[outlook]{},
		lostAt:     time.Now(),
		index:      1,
		nodes:      map[string]*node{},
		secrets:    map[string]string{},
		signer:     newSigner(cfg.Server.Region, rng),
		arrival:    make(chan struct{}),
		events:     eventLog{changed: make(chan struct{})},
		conns:      newConnLog(),
		executions: map[string]int{},
	}
	state.published.Store(&outlook{changed: make(chan struct{})})
	return &world{owner: own(state), published: state.published}
}

// outlook returns the latest picture without waiting for anybody.
func (w *world) outlook() *outlook { return w.published.Load() }

// join adds a member. The first one leads at once, unless the first election is
// to take its time. It answers false when the
// cluster is being stopped.
func (w *world) join(s listener, info ServerInfo) (joined bool) {
	w.do(func(st *worldState) {
		if joined = !st.closed; !joined {
			return
		}
		st.members = append(st.members, &member{info: info, server: s, live: true})
		if len(st.members) == 1 && st.told == nil && st.cfg.FirstElection == 0 {
			st.lead(info.RPCAdvertiseAddr, time.Now())
		}
		st.review(time.Now())
	})
	return joined
}

// close refuses further members.
func (w *world) close() { w.do(func(st *worldState) { st.closed = true }) }

// revive tells that a member came back.
func (w *world) revive(addr string) { w.setLive(addr, true, false) }

// bury tells that a member died, or ended in an orderly way.
func (w *world) bury(addr string, orderly bool) { w.setLive(addr, false, orderly) }

func (w *world) setLive(addr string, live, parted bool) {
	w.do(func(st *worldState) {
		if m := st.member(addr); m != nil && m.live != live {
			m.live, m.parted = live, parted
			st.review(time.Now())
		}
	})
}

// leave removes a member from the configuration, dead or not.
func (w *world) leave(addr string) {
	w.do(func(st *worldState) {
		if m := st.member(addr); m != nil {
			m.live, m.left = false, true
			st.review(time.Now())
		}
	})
}

func (st *worldState) member(addr string) *member {
	i := slices.IndexFunc(st.members, func(m *member) bool {
		return !m.left && m.info.RPCAdvertiseAddr == addr
	})
	if i < 0 {
		return nil
	}
	return st.members[i]
}

// review draws the conclusions after a member came, went, died or returned.
func (st *worldState) review(now time.Time) {
	if st.told != nil {
		st.publish(now)
		return
	}
	configured, live := 0, 0
	for _, m := range st.members {
		if !m.left {
			configured++
		}
		if m.live {
			live++
		}
	}
	quorum := live >= configured/2+1 && live > 0
	if st.leader != "" {
		m := st.member(st.leader)
		if m == nil || !m.live {
			st.loseLeader(now)
		}
		if m == nil || !m.live || !quorum {
			st.leader, st.lostAt, st.transfer = "", now, transfer{}
		}
	}
	if to := st.member(st.transfer.to); to == nil || !to.live {
		st.transfer = transfer{}
	}
	switch {
	case st.leader != "" || !quorum:
		st.electAt = time.Time{}
	case st.electAt.IsZero() && st.term == 0:
		st.electAt = now.Add(st.cfg.FirstElection)
	case st.electAt.IsZero():
		st.electAt = now.Add(st.cfg.ElectionDelay)
	}
	st.publish(now)
}

// lead makes a member the leader.
func (st *worldState) lead(addr string, now time.Time) {
	if st.term == 0 {
		st.keyringAt = now.Add(st.cfg.KeyringDelay)
	}
	st.leader, st.electedAt, st.electAt, st.transfer = addr, now, time.Time{}, transfer{}
	st.term++
}

// deadline is when the owner must be woken: for an election or the end of a
// transfer, or when calls to a lost leader stop failing at once.
func (st *worldState) deadline() (first time.Time) {
	sooner := func(at time.Time) {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	sooner(st.electAt)
	sooner(st.transfer.at)
	if st.lost != "" {
		sooner(st.lostUntil)
	}
	return first
}

func (st *worldState) expire(now time.Time) {
	if !st.electAt.IsZero() && !now.Before(st.electAt) {
		live := st.live() // not empty: an election is due only with a quorum
		st.lead(live[st.rng.IntN(len(live))], now)
	}
	if t := st.transfer; !t.at.IsZero() && !now.Before(t.at) {
		st.lead(t.to, now)
	}
	st.publish(now)
}

// live returns the addresses of the living members.
func (st *worldState) live() (addrs []string) {
	for _, m := range st.members {
		if m.live {
			addrs = append(addrs, m.info.RPCAdvertiseAddr)
		}
	}
	return addrs
}

func (st *worldState) publish(now time.Time) {
	if st.leader != "" || !now.Before(st.lostUntil) {
		st.lost = ""
	}
	next := &outlook{leader: st.leader, lost: st.lost, parted: st.parted, lostAt: st.lostAt, changed: make(chan struct{})}
	if st.told != nil {
		next = st.told.outlook()
	}
	for _, m := range st.members {
		next.servers = append(next.servers, m.server)
		if st.told != nil {
			continue
		}
		if !m.left {
			next.configured = append(next.configured, m.info.RPCAdvertiseAddr)
		}
		if m.live {
			next.live = append(next.live, m.info)
		}
	}
	close(st.published.Swap(next).changed)
}

// transfer is the handing on of the leadership, while that is under way.
type transfer struct {
	to string
	at time.Time // when it is over
}

// loseLeader notes for how long calls are still forwarded to a leader that is
// gone, and how it went.
func (st *worldState) loseLeader(now time.Time) {
	window := st.cfg.ForwardErrorWindow
	m := st.member(st.leader)
	st.parted = m != nil && m.parted
	if st.parting == st.leader {
		st.parted = true
		if window == 0 {
			window = untilElected
		}
	}
	st.parting = ""
	st.lost, st.lostUntil = st.leader, now.Add(window)
}

// untilElected is longer than any cluster of tests is without a leader.
const untilElected = 1000 * time.Hour
