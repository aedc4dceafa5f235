package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// The epoch grows by one with each view.
func (c *checker) checkPublish(v *messages.View) {
	if c.view != nil && v.Epoch() != c.view.Epoch()+1 {
		c.t.Fatalf("epoch %d follows epoch %d", v.Epoch(), c.view.Epoch())
	}
	c.view = v
	c.views, c.pictures = append(c.views, v), append(c.pictures, picture(v))
}

// A server is listed once. No primary stands behind a backup. There is an active server
// if there is any, it is listed, and no server is better: one that failed is active only
// if all have, one that knows no leader only if no other may know one. A former server
// is not kept once one that is named answers.
func (c *checker) checkView() {
	seen, backup, retained, answers := map[string]bool{}, false, false, false
	better := func(h messages.Health) int {
		return slices.Index([]messages.Health{messages.Failed, messages.Leaderless, messages.Alive}, max(h, messages.Alive))
	}
	active, ok := c.view.Active()
	for s := range c.view.Ranking() {
		switch {
		case seen[s.Server.Addr]:
			c.t.Fatalf("%s is listed twice: %s", s.Server, picture(c.view))
		case backup && s.Role == messages.Primary:
			c.t.Fatalf("a primary stands behind a backup: %s", picture(c.view))
		case better(s.Health) > better(c.view.Health(active)):
			c.t.Fatalf("%s is better than the active server: %s", s.Server, picture(c.view))
		}
		seen[s.Server.Addr], backup = true, s.Role == messages.Backup
		retained = retained || s.Retained
		answers = answers || !s.Retained && s.Role == messages.Primary && s.Health == messages.Alive
	}
	if ok != (c.view.Len() > 0) || ok && !seen[active.Addr] {
		c.t.Fatalf("the active server is not one of the list: %s", picture(c.view))
	}
	if answers && retained {
		c.t.Fatalf("a server answers, and the former ones are still there: %s", picture(c.view))
	}
	if (!ok || c.view.Health(active) == messages.Failed) && c.r.discoveryDeadline().IsZero() {
		c.t.Fatalf("no server answers, and none is looked for: %s", picture(c.view))
	}
	if c.r.quorum.expired && !c.evidence {
		c.t.Fatal("an agent that sends no heartbeats, and whose calls are answered, is an orphan")
	}
	if c.r.nextRound().After(c.r.regular()) {
		c.t.Fatal("the next round is due after its regular time")
	}
	if c.r.quorum.expired { // the configuration is back, all of it
		clear(c.removed)
	}
}

// A probe ends in the future and within ProbeTimeout. Its server is listed. Rounds do
// not go back, and two are not under way.
func (c *checker) checkProbe(p Probe) {
	switch {
	case p.Round < c.round, p.Round == c.round && !p.Until.Equal(c.until):
		c.t.Fatalf("a probe of round %d until %s comes in round %d", p.Round, clock(p.Until, epoch0), c.round)
	case !p.Until.After(c.now), p.Until.Sub(c.now) > c.r.shared.cfg.ProbeTimeout:
		c.t.Fatalf("a probe may last until %s, at %s", clock(p.Until, epoch0), clock(c.now, epoch0))
	case !c.view.Contains(p.Server):
		c.t.Fatalf("%s is probed but not in the list", p.Server)
	}
	if p.Round != c.round {
		clear(c.probed)
	}
	c.round, c.until = p.Round, p.Until
	c.probed[p.Server.Addr] = false
}

// A server that has answered its probe is not lost: its round finds a server, unless
// that one has failed since.
func (c *checker) checkResult(got messages.RebalanceResult) {
	for addr, answered := range c.probed {
		if answered && !got.Adopted && !got.Frozen && got.Probed > 0 {
			c.t.Fatalf("%s has answered, and round %d found no server", addr, c.round)
		}
	}
}

// Corroborators are listed, are asked once, and are not the suspect. Their epoch is that
// of the last view. There is one if there is another server.
func (c *checker) checkCorroborators(e Corroborate) {
	for i, s := range e.Others {
		if s == e.Suspect || !c.view.Contains(s) || slices.Contains(e.Others[:i], s) {
			c.t.Fatalf("%v are asked about %s: %s", e.Others, e.Suspect, picture(c.view))
		}
	}
	if len(e.Others) == 0 || e.Epoch != c.view.Epoch() {
		c.t.Fatalf("%d servers are asked about %s in epoch %d", len(e.Others), e.Suspect, e.Epoch)
	}
}

// A server that the last heartbeat named, or that was set by hand, is
// listed until it is removed; one that was removed is not, until it is named again. One
// that was never named is never listed. Servers set by hand are the primaries. What
// discovery finds takes no server away that answers.
func (c *checker) checkMembers(m messages.Message, before *messages.View) {
	for addr := range c.listed {
		if !c.view.Contains(messages.Server{Addr: addr}) {
			c.t.Fatalf("after %T %s is not listed: %s", m, addr, picture(c.view))
		}
	}
	set, _ := m.(messages.SetServers)
	named, good := c.hear(set.Addrs...)
	for s := range c.view.Ranking() {
		switch addr := s.Server.Addr; {
		case c.removed[addr]:
			c.t.Fatalf("after %T %s is listed, which was removed: %s", m, addr, picture(c.view))
		case !c.heard[addr]:
			c.t.Fatalf("after %T %s is listed, which was never named", m, addr)
		case good && len(named) > 0 && s.Role == messages.Primary && !slices.Contains(named, addr):
			c.t.Fatalf("%v are set by hand, and %s is a primary: %s", named, addr, picture(c.view))
		}
	}
	if _, ok := m.(messages.DiscoveryDone); ok {
		for s := range before.Ranking() {
			if s.Health == messages.Alive && !s.Retained && !c.view.Contains(s.Server) {
				c.t.Fatalf("%s answers, and left because discovery found others", s.Server)
			}
		}
	}
}

// A server that knows no leader is alive again only by a heartbeat that names one, and
// is not failed because of that. A removed server that comes back is a new one.
func (c *checker) checkHealth(m messages.Message, before *messages.View) {
	u, _ := m.(messages.HeartbeatUpdate)
	n, _ := m.(messages.FailureNotice)
	for s := range before.Ranking() {
		is := c.view.Health(s.Server)
		if s.Health == messages.Leaderless && is == messages.Alive && u.LeaderRPCAddr == "" {
			c.t.Fatalf("after %T the leaderless %s is alive", m, s.Server)
		}
		if n.NoQuorum && is == messages.Failed && s.Health != is {
			c.t.Fatalf("%s answered without a leader and counts as failed: %s", s.Server, picture(c.view))
		}
	}
}

// A heartbeat with a leader, or servers set by hand that name it, does not move an agent
// whose active server answers to one that was never reached, if a primary answers still;
// unless that server is a backup, and stays one. Nor does it leave it without any server
// that answers.
func (c *checker) checkServed(m messages.Message, before *messages.View) {
	was, _ := before.Active()
	is, _ := c.view.Active()
	u, _ := m.(messages.HeartbeatUpdate)
	_, set := m.(messages.SetServers)
	switch {
	case before.Health(was) != messages.Alive, c.view.Health(is) != messages.Unknown,
		u.LeaderRPCAddr == "" && (!set || !c.listed[was.Addr]),
		isBackup(before, was) && isBackup(c.view, was): // it stays what it is: primaries come first
		return
	}
	answers := false
	for s := range c.view.Ranking() {
		if s.Role == messages.Primary && s.Health == messages.Alive {
			c.t.Fatalf("after %T a server that was never reached is in front of one that answers: %s, then %s", m, picture(before), picture(c.view))
		}
		answers = answers || s.Health == messages.Leaderless || s.Health == messages.Alive
	}
	if !answers {
		c.t.Fatalf("after %T a server that was never reached is in front: %s, then %s", m, picture(before), picture(c.view))
	}
}

func isBackup(v *messages.View, s messages.Server) bool {
	return slices.ContainsFunc(slices.Collect(v.Ranking()), func(r messages.Ranked) bool {
		return r.Server == s && r.Role == messages.Backup
	})
}

// The same heartbeat once more, in another order, from the same server, publishes
// nothing.
func (c *checker) checkRepeated(m messages.HeartbeatUpdate, before *messages.View) {
	active, ok := before.Active()
	switch {
	case m.From.Addr != "":
	case ok:
		m.From = active
	default:
		m.From = serv(c.t, "nowhere") // there was no server, and there may be one now
	}
	shown := c.view
	c.send(repeated(m))
	c.take()
	if c.view != shown {
		c.t.Fatalf("an unchanged heartbeat published %s after %s", picture(c.view), picture(shown))
	}
}

// The same notice once more, formed from the same view, moves the agent no further.
func (c *checker) checkLateNotice(m messages.FailureNotice, before *messages.View) {
	was, _ := before.Active()
	is, _ := c.view.Active()
	if m.Epoch == 0 || is == was || !c.view.Contains(was) {
		return
	}
	shown := c.view
	m.Reply = actor.Reply[bool]{}
	c.send(m)
	c.take()
	if c.view != shown {
		c.t.Fatalf("one failure moved the agent twice: %s, then %s, then %s", picture(before), picture(shown), picture(c.view))
	}
}
