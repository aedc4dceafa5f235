package roster

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// sim is a fleet of rosters at one virtual time, with servers that die and return.
// Whatever it does follows from its seed.
type sim struct {
	t       testing.TB
	now     time.Time
	queue   simQueue
	rng     *rand.Rand
	agents  []*simAgent
	servers []*simServer
	nodes   int           // as heartbeats tell it: each agent may stand for several
	ttl     time.Duration // heartbeats hold from one to two times as long
	rounds  []time.Time   // when they began
	runs    []time.Time   // when discovery did
}

type simServer struct {
	messages.Server
	up     bool
	listed bool          // heartbeats name it
	answer time.Duration // how long a probe takes
}

type simAgent struct {
	r     *Roster
	view  *messages.View
	at    time.Time // the deadline in the queue
	round uint64
	last  time.Time // when its last round began
	gaps  []time.Duration
}

type simEvent struct {
	at  time.Time
	seq int
	do  func()
}

type simQueue []simEvent

func (q simQueue) Len() int { return len(q) }
func (q simQueue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}
func (q simQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *simQueue) Push(x any)   { *q = append(*q, x.(simEvent)) }
func (q *simQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// newSim makes a fleet whose agents start at times within start, and whose heartbeats
// tell of so many nodes. cfg is what the agents have besides the servers.
func newSim(t testing.TB, agents, servers, nodes int, start time.Duration, cfg Config) *sim {
	s := &sim{t: t, now: epoch0, rng: seeded(uint64(agents + servers + nodes)), nodes: nodes}
	s.ttl = max(10*time.Second, time.Duration(nodes)*time.Second/50) // Nomad's default: 50 heartbeats a second
	for i := range servers {
		s.servers = append(s.servers, &simServer{Server: serv(t, fmt.Sprintf("s%d", i)), up: true, listed: true, answer: 4 * time.Millisecond})
	}
	for i := range agents {
		a := &simAgent{}
		s.agents = append(s.agents, a)
		s.in(time.Duration(s.rng.Int64N(int64(start)+1)), func() { s.start(a, i, cfg) })
	}
	return s
}

func (s *sim) in(d time.Duration, do func()) {
	d = max(d, 0) // a deadline may have come nearer than that
	heap.Push(&s.queue, simEvent{at: s.now.Add(d), seq: s.rng.Int(), do: do})
}

func (s *sim) run(d time.Duration) {
	end := s.now.Add(d)
	for len(s.queue) > 0 && !s.queue[0].at.After(end) {
		e := heap.Pop(&s.queue).(simEvent)
		s.now = e.at
		e.do()
	}
	s.now = end
}

func (s *sim) start(a *simAgent, i int, cfg Config) {
	cfg.RPCMajorVersion, cfg.NodeID = 1, fmt.Sprint("node-", i)
	for _, server := range s.servers {
		if server.listed {
			cfg.Servers = append(cfg.Servers, server.Server)
		}
	}
	a.r, a.last = New(cfg, rand.New(rand.NewPCG(99, uint64(i)))), s.now
	a.r.Start(s.now)
	s.take(a)
	if s.nodes > 0 {
		s.in(time.Duration(s.rng.Int64N(int64(2*time.Second))), func() { s.heartbeat(a) })
	}
}

func (s *sim) server(addr string) *simServer {
	i := slices.IndexFunc(s.servers, func(x *simServer) bool { return x.Addr == addr })
	return s.servers[i]
}

func (s *sim) step(a *simAgent, m messages.Message) {
	a.r.Step(s.now, m)
	s.take(a)
}

// take does what the roster of a has decided.
func (s *sim) take(a *simAgent) {
	for _, e := range a.r.Take() {
		switch e := e.(type) {
		case Publish:
			a.view = e.View
			s.use(a)
		case Probe:
			s.probe(a, e)
		case Discover:
			s.runs = append(s.runs, s.now)
			s.in(50*time.Millisecond, func() { s.step(a, messages.DiscoveryDone{Run: e.Run, Err: errTest}) })
		}
	}
	if at := a.r.Deadline(); !at.Equal(a.at) {
		a.at = at
		s.in(at.Sub(s.now), func() {
			if a.at.Equal(at) {
				a.at = time.Time{}
				a.r.Expire(s.now)
				s.take(a)
			}
		})
	}
}

// use is a call on the active server: it finds out soon whether that one is up.
func (s *sim) use(a *simAgent) {
	active, ok := a.view.Active()
	if !ok {
		return
	}
	server, epoch, health := s.server(active.Addr), a.view.Epoch(), a.view.Health(active)
	after := server.answer
	if health == messages.Failed {
		after += time.Second + time.Duration(s.rng.Int64N(int64(time.Second))) // a pause: none answers
	}
	s.in(after, func() {
		switch {
		case !server.up:
			s.step(a, messages.FailureNotice{Server: active, Epoch: epoch, Err: errTest})
		case health == messages.Unknown || health == messages.Failed:
			s.step(a, messages.Recovered{Server: active, Epoch: epoch})
		}
	})
}

func (s *sim) probe(a *simAgent, e Probe) {
	if e.Round != a.round {
		a.round = e.Round
		a.gaps, a.last = append(a.gaps, s.now.Sub(a.last)), s.now
		s.rounds = append(s.rounds, s.now)
	}
	server := s.server(e.Server.Addr)
	s.in(server.answer, func() {
		done := messages.ProbeDone{Round: e.Round, Server: e.Server}
		if !server.up {
			done.Err = errTest
		}
		s.step(a, done)
	})
}

// named is what heartbeats name now.
func (s *sim) named() (infos []messages.ServerInfo) {
	for _, server := range s.servers {
		if server.listed {
			infos = append(infos, messages.ServerInfo{RPCAdvertiseAddr: server.Addr})
		}
	}
	return infos
}

// heartbeat sends one, and the next when it will be due.
func (s *sim) heartbeat(a *simAgent) {
	active, _ := a.view.Active()
	if !s.server(active.Addr).up {
		s.in(time.Second, func() { s.heartbeat(a) })
		return
	}
	ttl := s.ttl + time.Duration(s.rng.Int64N(int64(s.ttl)))
	s.step(a, messages.HeartbeatUpdate{Servers: s.named(), NumNodes: s.nodes, LeaderRPCAddr: "x", TTL: ttl, From: active})
	s.in(ttl, func() { s.heartbeat(a) })
}

// kill ends a server: the agents on it know at once, heartbeats a few seconds later.
func (s *sim) kill(i int) {
	server := s.servers[i]
	server.up = false
	for _, a := range s.agents {
		if active, _ := a.view.Active(); active.Addr == server.Addr {
			s.use(a)
		}
	}
	s.in(6*time.Second, func() { server.listed = server.up })
}

func (s *sim) revive(i int) {
	s.servers[i].up = true
	s.in(time.Second, func() { s.servers[i].listed = s.servers[i].up })
}

// load is how many agents have each server in front.
func (s *sim) load() []int {
	load := make([]int, len(s.servers))
	for _, a := range s.agents {
		active, _ := a.view.Active()
		load[slices.IndexFunc(s.servers, func(x *simServer) bool { return x.Addr == active.Addr })]++
	}
	return load
}

// imbalance is the most agents on one server, in units of the mean.
func (s *sim) imbalance() float64 {
	return float64(slices.Max(s.load())*len(s.servers)) / float64(len(s.agents))
}

// peak is the highest rate of rounds, per second and server, in any span of time, of a
// fleet of as many agents as heartbeats tell. The span is so long that chance adds a
// fifth at most: what is promised has then a thousand agents begin a round.
func (s *sim) peak() float64 {
	most, from := 0, 0
	span := time.Duration(1000 / float64(64*len(s.servers)) * float64(s.nodes) / float64(len(s.agents)) * float64(time.Second))
	for i, at := range s.rounds {
		for at.Sub(s.rounds[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	each := float64(s.nodes) / float64(len(s.agents))
	return float64(most) * each / span.Seconds() / float64(len(s.servers))
}

// tell has every agent hear of the servers and the size at once.
func (s *sim) tell() {
	for _, a := range s.agents {
		active, _ := a.view.Active()
		s.step(a, messages.HeartbeatUpdate{Servers: s.named(), NumNodes: s.nodes, LeaderRPCAddr: "x", TTL: s.ttl, From: active})
	}
}
