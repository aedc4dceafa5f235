package roster

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// mostRounds is how many rounds a second and server a fleet may begin: the 64 that
// are promised, and what chance adds to that.
const mostRounds = 80

// figure is one of what a fleet must come out at.
func figure(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > want/20 {
		t.Errorf("%s: %.2f, want %.2f", what, got, want)
	}
}

// intervals are the times between the rounds of a fleet in equilibrium, least first.
func intervals(t *testing.T, nodes, servers int, d time.Duration) (all []float64) {
	s := newSim(t, 500, servers, nodes, time.Minute, Config{NoDiscovery: true})
	s.run(d)
	for _, a := range s.agents {
		if len(a.gaps) < 4 {
			t.Fatalf("%d rounds of an agent in %v", len(a.gaps), d)
		}
		for _, gap := range a.gaps[1:] { // the first interval is a part of one
			all = append(all, gap.Seconds())
		}
	}
	slices.Sort(all)
	return all
}

func mean(all []float64) (sum float64) {
	for _, x := range all {
		sum += x / float64(len(all))
	}
	return sum
}

func TestTheFiguresOfFleets(t *testing.T) {
	rate := func(nodes, servers int) float64 {
		return float64(nodes) / float64(servers) / mean(intervals(t, nodes, servers, time.Hour))
	}
	figure(t, "10,000 agents, 5 servers, rounds a second and server", rate(10_000, 5), 13.3)
	figure(t, "40,000 agents, below the limit", rate(40_000, 5), 53.3)
	figure(t, "48,000 agents, where the limit begins", rate(48_000, 5), 64)
	figure(t, "60,000 agents, above the limit", rate(60_000, 5), 64)
	longest := func(nodes, servers int) float64 {
		all := intervals(t, nodes, servers, 3*time.Hour)
		return all[len(all)-1]
	}
	figure(t, "100,000 agents, all rebalance within, in s", longest(100_000, 5), 312.5)
	figure(t, "99,995 agents on one server, in min", longest(99_995, 1)/60, 26)
	figure(t, "10,000 agents on one server, in min", longest(10_000, 1)/60, 2.6)
}

func TestAFleetThatStartsTogetherDoesNotRebalanceInStep(t *testing.T) {
	for _, c := range []struct {
		what        string
		nodes       int
		start, mute time.Duration // heartbeats are answered after that only
	}{
		{"100,000 within a minute", 100_000, time.Minute, 0},
		{"100,000 in one second", 100_000, time.Second, 0},
		{"100,000, and heartbeats after five minutes only", 100_000, time.Minute, 5 * time.Minute},
		{"40,000 in one second", 40_000, time.Second, 0},
		{"10,000 in one second", 10_000, time.Second, 0},
	} {
		const agents = 2000
		nodes := c.nodes
		if c.mute > 0 {
			nodes = 0
		}
		s := newSim(t, agents, 5, nodes, c.start, Config{NoDiscovery: true})
		if c.mute > 0 {
			s.run(c.mute)
			s.rounds = nil // nothing tells of the size, so the rounds follow the servers alone
			s.nodes, s.ttl = c.nodes, time.Duration(c.nodes)*time.Second/50
			for _, a := range s.agents {
				s.in(time.Duration(s.rng.Int64N(int64(10*time.Second))), func() { s.heartbeat(a) })
			}
			s.run(10 * time.Second)
			s.rounds = nil
		}
		s.run(40 * time.Minute)
		if peak := s.peak(); peak > mostRounds {
			t.Errorf("%s: %.1f rounds a second and server, want %d at most", c.what, peak, mostRounds)
		}
		for _, a := range s.agents {
			if c.mute == 0 && a.gaps[0] > 316*time.Second {
				t.Fatalf("%s: the first round of an agent came after %v", c.what, a.gaps[0])
			}
		}
	}
}

// Whatever happens to all agents of a fleet in the same second, their rounds come
// evenly.
func TestACommonEventBeginsNoRoundsInStep(t *testing.T) {
	events := map[string]func(s *sim){
		"every agent fails over": func(s *sim) {
			for _, a := range s.agents {
				active, _ := a.view.Active()
				s.step(a, messages.FailureNotice{Server: active, Epoch: a.view.Epoch(), Err: errTest})
			}
		},
		"every agent hears of no leader": func(s *sim) {
			for _, a := range s.agents {
				active, _ := a.view.Active()
				s.step(a, messages.FailureNotice{Server: active, Epoch: a.view.Epoch(), Err: errNoLeader, NoQuorum: true})
			}
		},
		"a server joins, and all learn of it": func(s *sim) {
			s.servers = append(s.servers, &simServer{Server: serv(s.t, "new"), up: true, listed: true, answer: time.Millisecond})
			s.tell()
		},
		"one of the servers dies": func(s *sim) { s.kill(0) },
		"two of the servers leave, and all learn of it": func(s *sim) {
			s.servers[0].listed, s.servers[1].listed = false, false
			s.tell()
			s.servers = s.servers[2:]
		},
		"the list is one server for ten minutes, and then all again": func(s *sim) {
			for _, server := range s.servers[1:] {
				server.listed = false
			}
			s.tell()
			s.run(10 * time.Minute)
			for _, server := range s.servers {
				server.listed = true
			}
			s.rounds = nil
			s.tell()
		},
		"the cluster grows by a fifth": func(s *sim) { s.nodes += s.nodes / 5; s.tell() },
		"no server for a minute": func(s *sim) {
			for i := range s.servers {
				s.kill(i)
			}
			s.run(time.Minute)
			s.rounds = nil
			for i := range s.servers {
				s.revive(i)
			}
			for _, a := range s.agents {
				s.use(a)
			}
		},
	}
	for _, nodes := range []int{10_000, 24_000, 100_000} {
		for what, event := range events {
			s := newSim(t, 1500, 5, nodes, time.Minute, Config{NoDiscovery: true})
			s.run(8 * time.Minute)
			s.rounds = nil
			event(s)
			s.run(7 * time.Minute)
			if peak := s.peak(); peak > mostRounds {
				t.Errorf("%d agents, %s: %.1f rounds a second and server, want %d at most", nodes, what, peak, mostRounds)
			}
		}
	}
}

// A server that joins has its share soon, and the others lose no more than that.
func TestAServerThatJoinsGetsItsShareAndNoOtherAgentIsMoved(t *testing.T) {
	const agents = 2000
	for _, policy := range []Policy{Shuffle, Rendezvous} {
		s := newSim(t, agents, 4, 5000, 2*time.Second, Config{NoDiscovery: true, Policy: policy})
		s.run(90 * time.Second) // before any regular round
		was := map[*simAgent]messages.Server{}
		for _, a := range s.agents {
			was[a], _ = a.view.Active()
		}
		s.servers = append(s.servers, &simServer{Server: serv(t, "new"), up: true, listed: true, answer: time.Millisecond})
		s.tell()
		s.run(28 * time.Second)
		moved := 0
		for _, a := range s.agents {
			switch is, _ := a.view.Active(); {
			case is.Addr == s.servers[4].Addr:
				moved++
			case is != was[a]:
				t.Fatalf("%v: an agent went from %s to %s", policy, was[a], is)
			}
		}
		if moved < agents/5*9/10 || moved > agents/5*11/10 {
			t.Errorf("%v: %d of %d agents are at the fifth server after half a minute", policy, moved, agents)
		}
	}
}

// Servers restarted one after another have the agents again that they had.
func TestAMinuteAfterARollTheFleetIsEven(t *testing.T) {
	for _, c := range []struct {
		agents, nodes, servers int
		down, gap              time.Duration
		policy                 Policy
	}{
		{1000, 10_000, 3, 30 * time.Second, 2 * time.Minute, Shuffle},
		{1000, 10_000, 3, 8 * time.Second, 25 * time.Second, Shuffle},
		{1000, 10_000, 5, 30 * time.Second, 31 * time.Second, Shuffle},
		{1000, 10_000, 5, 8 * time.Second, 25 * time.Second, Shuffle},
		{1000, 10_000, 5, 20 * time.Second, 2 * time.Minute, Rendezvous},
		{1000, 10_000, 3, 8 * time.Second, 25 * time.Second, Rendezvous},
		{1000, 1000, 5, 20 * time.Second, 45 * time.Second, Shuffle},
		{1000, 1000, 3, 30 * time.Second, 2 * time.Minute, Shuffle},
		{300, 300, 3, 8 * time.Second, 25 * time.Second, Shuffle},
		{300, 300, 5, 30 * time.Second, 2 * time.Minute, Shuffle},
		{100, 100, 3, 8 * time.Second, 25 * time.Second, Shuffle},
		{100, 100, 5, 8 * time.Second, 25 * time.Second, Shuffle},
		{100, 100, 5, 30 * time.Second, 2 * time.Minute, Shuffle},
		{2000, 100_000, 5, 30 * time.Second, 2 * time.Minute, Shuffle},
	} {
		s := newSim(t, c.agents, c.servers, c.nodes, time.Minute, Config{NoDiscovery: true, Policy: c.policy})
		s.run(10 * time.Minute)
		for i := range c.servers {
			s.kill(i)
			s.run(c.down)
			if s.load()[i] > 0 {
				t.Errorf("%+v: agents are at a dead server: %v", c, s.load())
			}
			s.revive(i)
			if i < c.servers-1 {
				s.run(c.gap - c.down)
			}
		}
		s.run(time.Minute)
		if least := slices.Min(s.load()) * c.servers; c.nodes <= 10_000 && least < c.agents*6/10 {
			t.Errorf("%+v: %v a minute after the last restart: one has %d%% of the mean", c, s.load(), least*100/c.agents)
		}
		if s.imbalance() > 1.5 {
			t.Errorf("%+v: %v a minute after the last restart: %.2f of the mean", c, s.load(), s.imbalance())
		}
		t.Logf("%+v: %v, %.2f of the mean", c, s.load(), s.imbalance())
	}
}

// A server that is restarted again and again gets each of its agents once, not each
// time.
func TestAServerThatCrashesAgainAndAgainDoesNotKeepItsAgents(t *testing.T) {
	s := newSim(t, 1000, 3, 1000, time.Minute, Config{NoDiscovery: true})
	s.run(10 * time.Minute)
	for range 5 {
		s.kill(0)
		s.run(3 * time.Second)
		s.revive(0)
		s.run(20 * time.Second)
	}
	if n := s.load()[0]; n > 250 {
		t.Errorf("it has %d of 1000 agents after five crashes in two minutes: %v", n, s.load())
	}
}

// A round goes by its order, although a nearer server answers before.
func TestAServerFarAwayKeepsItsShare(t *testing.T) {
	for _, far := range []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, 1400 * time.Millisecond} {
		s := newSim(t, 1500, 5, 1500, time.Minute, Config{NoDiscovery: true})
		s.servers[0].answer, s.servers[1].answer = far, 200*time.Millisecond
		s.run(12 * time.Minute)
		for i, n := range s.load() {
			if n < 300*84/100 || n > 300*116/100 {
				t.Errorf("a probe takes %v: server %d has %d of 1500 agents: %v", far, i, n, s.load())
			}
		}
	}
}

func TestTheFirstDiscoveryOfAFleetIsSpreadByItsSize(t *testing.T) {
	for _, c := range []struct {
		nodes   int
		longest time.Duration
	}{{100, 3 * time.Second}, {10_000, 20 * time.Second}, {100_000, 200 * time.Second}, {10_000_000, 5 * time.Minute}} {
		const agents = 1000
		s := newSim(t, agents, 3, c.nodes, time.Minute, Config{})
		s.ttl = time.Hour
		s.run(3 * time.Minute)
		began := s.now
		for _, a := range s.agents { // a heartbeat without a leader has them look
			active, _ := a.view.Active()
			s.step(a, messages.HeartbeatUpdate{Servers: s.named(), NumNodes: c.nodes, TTL: time.Hour, From: active})
		}
		s.run(6 * time.Minute)
		first := s.runs[:agents]
		if took := first[agents-1].Sub(began); took > c.longest*5/4+4*time.Second || took < c.longest*9/10 {
			t.Errorf("%d agents: as many runs in the first %v, want them spread over %v", c.nodes, took, c.longest)
		}
		most, from := 0, 0
		for i, at := range s.runs {
			for at.Sub(s.runs[from]) >= time.Minute {
				from++
			}
			most = max(most, i-from+1)
		}
		rate := float64(most) / agents * float64(min(c.nodes, 150_000)) / 60
		if c.nodes >= 10_000 && rate > 600 {
			t.Errorf("%d agents: %.0f runs in a second, want about 500", c.nodes, rate)
		}
	}
}
