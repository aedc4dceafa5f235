package roster

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// checker drives a roster and its twin through the same messages. After each step it
// checks sentences that a user of the list would agree with: see the check functions.
// It does not know the rules; rounds, runs and views it knows from the effects.
type checker struct {
	t       testing.TB
	r, twin *Roster // same configuration, seed and messages; the twin is one of a fleet
	beside  *Roster // has all in common with the twin but the seed
	cfg     Config
	now     time.Time

	view     *messages.View
	views    []*messages.View
	pictures []string // of views, when they were published

	open  []any // replies that are not answered yet
	ticks int   // how many of them wait for a round

	round    uint64          // of the last probe
	until    time.Time       // when that round must be over
	probed   map[string]bool // its servers; true: it has answered, and no notice contradicts that
	run      uint64          // of the last Discover
	running  bool            // that run has not reported
	evidence bool            // a heartbeat, or a server without a leader, has been heard of

	last    []messages.ServerInfo // of the last heartbeat
	heard   map[string]bool       // addresses that a message or the configuration has named
	listed  map[string]bool       // those that must be listed: named by the last heartbeat
	removed map[string]bool       // those removed by hand and not named since
}

func newChecker(t testing.TB, cfg Config, seed uint64) *checker {
	fleet := Share(cfg)
	c := &checker{
		t: t, r: New(cfg, seeded(seed)), twin: fleet.New(cfg.NodeID, cfg.FleetIndex, seeded(seed)), cfg: cfg, now: epoch0,
		beside: fleet.New("another", 7, seeded(seed+1)),
		probed: map[string]bool{}, heard: map[string]bool{}, listed: map[string]bool{}, removed: map[string]bool{},
	}
	for _, s := range cfg.Servers {
		c.heard[s.Addr] = true
	}
	c.r.Start(c.now)
	c.beside.Start(c.now)
	c.beside.Take()
	c.twin.Start(c.now)
	c.take()
	return c
}

// step puts a message through and checks what must hold after it.
func (c *checker) step(m messages.Message) {
	before, ticks := c.view, c.ticks
	c.expectAnswer(m)
	c.note(m)
	c.send(m)
	c.take()
	if _, isTick := m.(messages.RebalanceTick); !isTick && c.ticks == ticks && len(c.open) > c.ticks {
		c.t.Fatalf("%T has not been answered by the end of its step", m)
	}
	c.checkMembers(m, before)
	c.checkHealth(m, before)
	c.checkServed(m, before)
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		c.checkRepeated(m, before)
	case messages.FailureNotice:
		c.checkLateNotice(m, before)
	}
}

func (c *checker) send(m messages.Message) {
	c.r.Step(c.now, m)
	c.beside.Step(c.now, m)
	c.beside.Take()
	c.twin.Step(c.now, m)
}

// expireAt moves the clock, not backwards, and does what is due. A timer of the shell
// may come late. Afterwards something is due later, or the shell would spin, and a round
// whose time is up is over.
func (c *checker) expireAt(at time.Time) {
	if at.After(c.now) {
		c.now = at
	}
	c.r.Expire(c.now)
	c.beside.Expire(c.now)
	c.beside.Take()
	c.twin.Expire(c.now)
	ended, round := !c.now.Before(c.until), c.round
	c.take()
	if at := c.r.Deadline(); !at.After(c.now) {
		c.t.Fatalf("after Expire at %s the deadline is %s", clock(c.now, epoch0), clock(at, epoch0))
	}
	if ended && round == c.round && (c.r.round.running || c.ticks > 0) {
		c.t.Fatalf("round %d is not over at %s, after its limit %s", round, clock(c.now, epoch0), clock(c.until, epoch0))
	}
}

// conclude lets the round under way end. Then every reply is answered, and every view
// is what it was when it was published.
func (c *checker) conclude() {
	c.expireAt(c.now.Add(c.r.shared.cfg.ProbeTimeout))
	if c.ticks > 0 { // the round before was over, and another one has begun
		c.expireAt(c.now.Add(c.r.shared.cfg.ProbeTimeout))
	}
	if len(c.open) > 0 {
		c.t.Fatalf("%d replies are never answered", len(c.open))
	}
	for i, v := range c.views {
		if got := picture(v); got != c.pictures[i] {
			c.t.Fatalf("view %d was %q when it was published and is %q now", v.Epoch(), c.pictures[i], got)
		}
	}
}

// expectAnswer notes that the sender of a message waits.
func (c *checker) expectAnswer(m messages.Message) {
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		c.open = append(c.open, m.Reply)
	case messages.FailureNotice:
		c.open = append(c.open, m.Reply)
	case messages.RebalanceTick:
		c.open = append(c.open, m.Reply)
		c.ticks++
	case messages.SetServers:
		c.open = append(c.open, m.Reply)
	case messages.SetBackups:
		c.open = append(c.open, m.Reply)
	case messages.AddBackup:
		c.open = append(c.open, m.Reply)
	case messages.AddPrimary:
		c.open = append(c.open, m.Reply)
	case messages.RemoveServer:
		c.open = append(c.open, m.Reply)
	}
}

// take takes the effects of a step, looks at each of them, then at the view.
func (c *checker) take() {
	effects := c.r.Take()
	same := slices.EqualFunc(effects, c.twin.Take(), func(a, b Effect) bool {
		return render(a, epoch0) == render(b, epoch0)
	})
	if !same {
		c.t.Fatal("the same messages had other effects")
	}
	answered := false
	for _, e := range effects {
		switch e := e.(type) {
		case Publish:
			if answered {
				c.t.Fatal("an answer comes before the view")
			}
			c.checkPublish(e.View)
		case Probe:
			c.checkProbe(e)
		case EndRound:
			if e.Round != c.round {
				c.t.Fatalf("round %d ends while %d is under way", e.Round, c.round)
			}
		case Corroborate:
			c.checkCorroborators(e)
		case Discover:
			if e.Run != c.run+1 {
				c.t.Fatalf("run %d follows run %d", e.Run, c.run)
			}
			c.run, c.running = e.Run, true
		case Answer[messages.RebalanceResult]:
			c.ticks--
			c.checkResult(e.Value)
			c.checkAnswer(e.To)
			answered = true
		case Answer[error]:
			c.checkAnswer(e.To)
			answered = true
		case Answer[bool]:
			c.checkAnswer(e.To)
			answered = true
		case Answer[messages.AddResult]:
			c.checkAnswer(e.To)
			answered = true
		}
	}
	c.checkView()
}

// A reply is answered once, and only if its sender waits.
func (c *checker) checkAnswer(to any) {
	i := slices.Index(c.open, to)
	if i < 0 {
		c.t.Fatal("a reply is answered that is not awaited, or for the second time")
	}
	c.open = slices.Delete(c.open, i, i+1)
}

// note keeps a message's claims about the members.
func (c *checker) note(m messages.Message) {
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		c.evidence, c.last = true, m.Servers
		var named []string
		for _, info := range m.Servers {
			if info.RPCMajorVersion <= c.cfg.RPCMajorVersion {
				named = append(named, info.RPCAdvertiseAddr)
			}
		}
		if named, _ = c.hear(named...); len(named) > 0 {
			c.mustList(named)
		}
	case messages.SetServers:
		if named, ok := c.hear(m.Addrs...); ok && len(named) > 0 {
			c.mustList(named)
		}
	case messages.SetBackups:
		c.hear(m.Addrs...)
	case messages.AddBackup:
		c.hear(m.Addrs...)
	case messages.AddPrimary:
		c.hear(m.Addr)
	case messages.RemoveServer:
		delete(c.listed, m.Server.Addr)
		c.removed[m.Server.Addr] = true
	case messages.FailureNotice:
		c.evidence = c.evidence || m.NoQuorum
		delete(c.probed, m.Server.Addr)
	case messages.ProbeDone:
		switch _, asked := c.probed[m.Server.Addr]; {
		case !asked || m.Round != c.round:
		case m.Err == nil:
			c.probed[m.Server.Addr] = true
		case !c.probed[m.Server.Addr]:
			delete(c.probed, m.Server.Addr)
		}
	case messages.DiscoveryDone:
		for _, f := range m.Found {
			c.hear(f.Addr)
		}
		c.running = c.running && m.Run != c.run
	}
}

// hear is the keys of the addresses that are good, and whether all of them are.
func (c *checker) hear(addrs ...string) (named []string, all bool) {
	all = true
	for _, addr := range addrs {
		s, err := messages.ParseServer(addr)
		if err != nil {
			all = false
			continue
		}
		named = append(named, s.Addr)
		c.heard[s.Addr] = true
		delete(c.removed, s.Addr)
	}
	return named, all
}

func (c *checker) mustList(addrs []string) {
	clear(c.listed)
	for _, addr := range addrs {
		c.listed[addr] = true
	}
}

// repeated is a message without a Reply, so that no answer is expected.
func repeated(m messages.HeartbeatUpdate) messages.HeartbeatUpdate {
	m.Servers = slices.Clone(m.Servers)
	slices.Reverse(m.Servers)
	m.Reply = actor.Reply[error]{}
	return m
}
