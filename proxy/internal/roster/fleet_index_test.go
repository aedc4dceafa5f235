package roster

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

func entries(names string) (class []*entry) {
	for _, n := range strings.Fields(names) {
		class = append(class, entryOf(messages.Server{Addr: n}))
	}
	return class
}

func order(class []*entry) string {
	var b strings.Builder
	for _, e := range class {
		b.WriteString(e.server.Addr)
	}
	return b.String()
}

func TestConsecutiveFleetIndexesSpreadEvenlyOverEveryPlace(t *testing.T) {
	var orders []string
	firsts, seconds := map[byte]int{}, map[string]int{}
	for index := range uint64(12) {
		class := entries("c a b")
		byFleetIndex(class, 100+index)
		o := order(class)
		orders = append(orders, o)
		firsts[o[0]]++
		seconds[o[:2]]++
	}
	for s, n := range firsts {
		if n != 4 {
			t.Errorf("%c comes first for %d of 12 indexes: %q", s, n, orders)
		}
	}
	for s, n := range seconds {
		if n != 2 {
			t.Errorf("%s come first for %d of 12 indexes: %q", s, n, orders)
		}
	}
	slices.Sort(orders)
	if n := len(slices.Compact(orders)); n != 6 {
		t.Errorf("%d of 6 orders in use", n)
	}
}

// fleet is so many rosters over servers that live or not, at one virtual time.
type fleet struct {
	rosters []*Roster
	alive   map[string]bool
	now     time.Time
}

func newFleet(agents int, servers string, index func(i int) uint64) *fleet {
	f := &fleet{alive: map[string]bool{}, now: time.Unix(1e9, 0)}
	var known []messages.Server
	for _, s := range strings.Fields(servers) {
		f.alive[s] = true
		known = append(known, messages.Server{Name: s, Addr: s + ":4647"})
	}
	for i := range agents {
		r := New(Config{Servers: known, FleetIndex: index(i)}, rand.New(rand.NewPCG(7, uint64(i))))
		r.Start(f.now)
		r.Take()
		f.rosters = append(f.rosters, r)
	}
	return f
}

func (f *fleet) up(addr string) bool { return f.alive[strings.TrimSuffix(addr, ":4647")] }

// run lets the time pass in steps: calls meet dead servers, heartbeats name the
// live ones, probes are answered at once by those that live.
func (f *fleet) run(d time.Duration) {
	for end := f.now.Add(d); f.now.Before(end); f.now = f.now.Add(250 * time.Millisecond) {
		for _, r := range f.rosters {
			if e := r.list.active(); !f.up(e.server.Addr) {
				r.Step(f.now, messages.FailureNotice{Server: e.server})
			}
			r.Step(f.now, f.heartbeat())
			r.Expire(f.now)
			f.answer(r)
		}
	}
}

func (f *fleet) heartbeat() messages.HeartbeatUpdate {
	m := messages.HeartbeatUpdate{NumNodes: len(f.rosters), LeaderRPCAddr: "x:4647", TTL: time.Minute}
	for _, s := range slices.Sorted(func(yield func(string) bool) {
		for s, up := range f.alive {
			if up && !yield(s) {
				return
			}
		}
	}) {
		m.Servers = append(m.Servers, messages.ServerInfo{RPCAdvertiseAddr: s})
	}
	return m
}

// answer reports probes until there are no more.
func (f *fleet) answer(r *Roster) {
	for effects := r.Take(); len(effects) > 0; effects = r.Take() {
		for _, e := range slices.Clone(effects) {
			if p, ok := e.(Probe); ok {
				done := messages.ProbeDone{Round: p.Round, Server: p.Server}
				if !f.up(p.Server.Addr) {
					done.Err = errors.New("down")
				}
				r.Step(f.now, done)
			}
		}
	}
}

// load is how many agents each server carries, most first.
func (f *fleet) load() (load []int) {
	by := map[string]int{}
	for _, r := range f.rosters {
		by[r.list.active().server.Addr]++
	}
	for _, n := range by {
		load = append(load, n)
	}
	slices.SortFunc(load, func(a, b int) int { return b - a })
	return load
}

// roll restarts the servers one after another.
func (f *fleet) roll(down, between time.Duration) {
	for _, s := range []string{"a", "b", "c"} {
		f.alive[s] = false
		f.run(down)
		f.alive[s] = true
		f.run(between)
	}
}

func TestAfterARollAgentsWithAFleetIndexAreSpreadEvenly(t *testing.T) {
	for _, down := range []time.Duration{2 * time.Second, 8 * time.Second, 40 * time.Second} {
		f := newFleet(12, "a b c", func(i int) uint64 { return uint64(20 + i) })
		f.roll(down, 10*time.Second)
		f.run(40 * time.Second)
		if load := f.load(); !slices.Equal(load, []int{4, 4, 4}) {
			t.Errorf("servers down for %v each: %v", down, load)
		}
	}
}

func TestAfterARollTheOthersAreSpreadByChance(t *testing.T) {
	f := newFleet(600, "a b c", func(int) uint64 { return 0 })
	f.roll(2*time.Second, 10*time.Second)
	f.run(40 * time.Second)
	if load := f.load(); len(load) != 3 || load[0] > 300 {
		t.Errorf("%v, want no server with more than 1.5 times the mean of 200", load)
	}
}

func TestAnAgentWhoseIndexedServerIsGoneStaysWhereItIs(t *testing.T) {
	f := newFleet(12, "a b c", func(i int) uint64 { return uint64(1 + i) })
	f.alive["a"] = false
	f.run(time.Minute)
	if load := f.load(); !slices.Equal(load, []int{6, 6}) {
		t.Errorf("%v", load)
	}
}
