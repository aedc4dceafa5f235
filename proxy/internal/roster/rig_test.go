package roster

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

// epoch0 is when every test begins.
var epoch0 = stepped.Start()

// highest is a source of the highest number only: shuffling with it keeps the
// order, and every jitter is the longest there is.
type highest struct{}

func (highest) Uint64() uint64 { return ^uint64(0) }

func ordered() *rand.Rand           { return rand.New(highest{}) }
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// first is when the tests' time begins, by a clock that was given that.
var first = new(moment.Clock).Of(epoch0)

// entryOf is the entry of a server of which nothing else is known.
func entryOf(s messages.Server) *entry {
	a := aboutServer(s)
	return newEntry(&a)
}

// rig drives a Roster on a virtual clock.
type rig struct {
	t    testing.TB
	r    *Roster
	now  time.Time
	view *messages.View // the last published

	wall *stepped.Clock // sets the time of day; nil: that stays right
}

// read reads the clock.
func (g *rig) read() time.Time {
	if g.wall == nil {
		return g.now
	}
	return g.wall.Read(g.now)
}

// newRig starts a roster whose rounds keep the ranking's order.
func newRig(t testing.TB, servers ...string) *rig {
	return startRig(t, Config{Servers: servs(t, servers...), RPCMajorVersion: 1}, ordered())
}

func startRig(t testing.TB, cfg Config, rng *rand.Rand) *rig {
	g := &rig{t: t, r: New(cfg, rng), now: epoch0}
	g.r.Start(g.read())
	g.take()
	return g
}

// take takes the effects and keeps the view.
func (g *rig) take() []Effect {
	effects := g.r.Take()
	for _, e := range effects {
		if p, ok := e.(Publish); ok {
			g.view = p.View
		}
	}
	return effects
}

// candidates are those of the round under way, or of the last one.
func (g *rig) candidates() []candidate {
	if d := &g.r.round; d.running {
		return d.candidates
	}
	return g.r.shared.idle[0].candidates
}

// nextRound is when the next round is due.
func (g *rig) nextRound() time.Time { return g.r.shared.clock.Time(g.r.nextRound()) }

func (g *rig) step(m messages.Message) []Effect {
	g.r.Step(g.read(), m)
	return g.take()
}

// advance moves the clock and expires every deadline on the way.
func (g *rig) advance(d time.Duration) []Effect {
	var all []Effect
	for end := g.now.Add(d); ; {
		at := g.r.Deadline()
		if at.IsZero() || at.After(end) {
			g.now = end
			return all
		}
		g.now = at
		g.expire()
		all = append(all, g.take()...)
	}
}

// expire does what is due now. If something still is afterwards, a shell would
// spin.
func (g *rig) expire() {
	g.t.Helper()
	g.r.Expire(g.read())
	if at := g.r.Deadline(); !at.After(g.now) {
		g.t.Fatalf("after Expire at %v the deadline is %v", g.now, at)
	}
}

// fail reports a failure as seen in the current view.
func (g *rig) fail(addr string) []Effect {
	return g.step(messages.FailureNotice{Server: serv(g.t, addr), Epoch: g.view.Epoch(), Err: errTest})
}

// noQuorum reports that a server knows no leader, as seen in the current view.
func (g *rig) noQuorum(addr string) []Effect {
	return g.step(messages.FailureNotice{Server: serv(g.t, addr), Epoch: g.view.Epoch(), Err: errNoLeader, NoQuorum: true})
}

func (g *rig) heartbeat(addrs ...string) []Effect {
	return g.step(messages.HeartbeatUpdate{Servers: infos(addrs...), NumNodes: 5, LeaderRPCAddr: "a", TTL: 15 * time.Second})
}

// probed reports the result of a probe of the round under way.
func (g *rig) probed(addr string, err error) []Effect {
	return g.step(messages.ProbeDone{Round: g.r.round.number, Server: serv(g.t, addr), Err: err})
}

// expect checks the ranking: "a+ b! c~ d^ | x *y" are alive a, failed b, leaderless
// c, retained d, backup x, active y.
func (g *rig) expect(want string) {
	g.t.Helper()
	if got := picture(g.view); got != want {
		g.t.Fatalf("the ranking is %q, want %q", got, want)
	}
}

// ask puts a message with a Reply through and returns the answer; it fails the
// test unless there is exactly one.
func ask[R any](g *rig, build func(actor.Reply[R]) messages.Message) R {
	g.t.Helper()
	reply := actor.NewReply[R]()
	return received(g, reply, g.step(build(reply)))
}

// received delivers the effects' answers and reads reply's.
func received[R any](g *rig, reply actor.Reply[R], effects []Effect) R {
	g.t.Helper()
	for _, a := range only[Answerer](effects) {
		a.Deliver()
	}
	select {
	case v := <-reply.Chan():
		return v
	default:
		g.t.Fatal("there is no answer")
		panic("unreachable")
	}
}

// only filters effects by type.
func only[E Effect](effects []Effect) []E {
	var found []E
	for _, e := range effects {
		if e, ok := e.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// picture draws a view's ranking.
func picture(v *messages.View) string {
	var b strings.Builder
	active, _ := v.Active()
	role := messages.Primary
	for s := range v.Ranking() {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if s.Role != role {
			b.WriteString("| ")
			role = s.Role
		}
		if s.Server == active {
			b.WriteByte('*')
		}
		b.WriteString(short(s.Server))
		switch s.Health {
		case messages.Failed:
			b.WriteByte('!')
		case messages.Leaderless:
			b.WriteByte('~')
		case messages.Alive:
			b.WriteByte('+')
		}
		if s.Retained {
			b.WriteByte('^')
		}
	}
	return b.String()
}

// short is a server's address without the default port.
func short(s messages.Server) string {
	return strings.TrimSuffix(s.Addr, ":"+messages.DefaultPort)
}

func serv(t testing.TB, addr string) messages.Server {
	s, err := messages.ParseServer(addr)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func servs(t testing.TB, addrs ...string) []messages.Server {
	servers := make([]messages.Server, 0, len(addrs))
	for _, a := range addrs {
		servers = append(servers, serv(t, a))
	}
	return servers
}

func found(addrs ...string) []messages.Found {
	list := make([]messages.Found, 0, len(addrs))
	for _, a := range addrs {
		list = append(list, messages.Found{Addr: a, Source: messages.SourceDNS})
	}
	return list
}

func infos(addrs ...string) []messages.ServerInfo {
	servers := make([]messages.ServerInfo, 0, len(addrs))
	for _, a := range addrs {
		servers = append(servers, messages.ServerInfo{RPCAdvertiseAddr: a})
	}
	return servers
}
