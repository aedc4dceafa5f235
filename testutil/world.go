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

// outlook is the published picture of a world. It is never changed: a new one
// replaces it, and then changed is closed.
type outlook struct {
	leader     string       // "" while there is none
	lost       string       // the leader that just died, while calls are still forwarded to it
	stuck      bool         // those calls are not refused: they get no answer
	puppet     bool         // it is what the server was told
	configured []string     // every member, dead ones too
	live       []ServerInfo // those a heartbeat lists
	servers    []*Server    // every server that ever was a member
	changed    chan struct{}
}

// member is one server of the cluster.
type member struct {
	info   ServerInfo
	server *Server // never called from the world's owner
	live   bool
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
	lostUntil time.Time
	electAt   time.Time

	index      uint64
	nodes      map[string]*node
	purged     map[string]string // identity or secret to node ID
	executions map[string]int
}

func newWorld(cfg ClusterConfig) *world {
	seed := cfg.Server.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	state := &worldState{
		cfg:        cfg,
		rng:        rand.New(rand.NewPCG(seed, 0)),
		published:  &atomic.Pointer[outlook]{},
		index:      1,
		nodes:      map[string]*node{},
		purged:     map[string]string{},
		executions: map[string]int{},
	}
	state.published.Store(&outlook{changed: make(chan struct{})})
	return &world{owner: own(state), published: state.published}
}

// outlook returns the latest picture without waiting for anybody.
func (w *world) outlook() *outlook { return w.published.Load() }

// join adds a member. The first one leads at once. It answers false when the
// cluster is being stopped.
func (w *world) join(s *Server, info ServerInfo) (joined bool) {
	w.do(func(st *worldState) {
		if joined = !st.closed; !joined {
			return
		}
		st.members = append(st.members, &member{info: info, server: s, live: true})
		if len(st.members) == 1 && st.told == nil {
			st.leader = info.RPCAdvertiseAddr
		}
		st.review(time.Now())
	})
	return joined
}

// close refuses further members.
func (w *world) close() { w.do(func(st *worldState) { st.closed = true }) }

// setLive tells that a member died or came back.
func (w *world) setLive(addr string, live bool) {
	w.do(func(st *worldState) {
		if m := st.member(addr); m != nil && m.live != live {
			m.live = live
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
			st.lost, st.lostUntil = st.leader, now.Add(st.cfg.ForwardErrorWindow)
		}
		if m == nil || !m.live || !quorum {
			st.leader = ""
		}
	}
	switch {
	case st.leader != "" || !quorum:
		st.electAt = time.Time{}
	case st.electAt.IsZero():
		st.electAt = now.Add(st.cfg.ElectionDelay)
	}
	st.publish(now)
}

// deadline is when the owner must be woken: for an election, or when calls to
// a lost leader stop failing at once.
func (st *worldState) deadline() time.Time {
	if st.lost != "" && (st.electAt.IsZero() || st.lostUntil.Before(st.electAt)) {
		return st.lostUntil
	}
	return st.electAt
}

func (st *worldState) expire(now time.Time) {
	if !st.electAt.IsZero() && !now.Before(st.electAt) {
		var live []string
		for _, m := range st.members {
			if m.live {
				live = append(live, m.info.RPCAdvertiseAddr)
			}
		}
		st.leader = live[st.rng.IntN(len(live))] // an election is due only with a quorum
		st.electAt = time.Time{}
	}
	st.publish(now)
}

func (st *worldState) publish(now time.Time) {
	if st.leader != "" || !now.Before(st.lostUntil) {
		st.lost = ""
	}
	next := &outlook{leader: st.leader, lost: st.lost, changed: make(chan struct{})}
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
