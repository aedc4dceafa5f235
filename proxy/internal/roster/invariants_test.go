package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// checkDoubt compares each server's health before and after a message with what
// the message may say of a leader.
func (w *witness) checkDoubt(m messages.Message, before *messages.View) {
	for s := range before.Ranking() {
		if !w.view.Contains(s.Server) {
			continue
		}
		now := w.view.Health(s.Server)
		if s.Health == messages.Leaderless && now != messages.Leaderless {
			w.checkRelief(m, s.Server, now)
		}
		if n, ok := m.(messages.FailureNotice); ok && n.NoQuorum && now == messages.Failed && s.Health != now {
			w.t.Fatalf("%s answered without a leader and is held for failed: %s", s.Server, picture(w.view))
		}
	}
}

// evidence tells the oracle that notices of servers without a leader have made an
// orphan of the agent; no other notice may.
func (w *witness) evidence(m messages.FailureNotice, wasLapsed bool) {
	if m.NoQuorum {
		w.denied = w.now
	}
	if !w.r.quorum.lapsed || wasLapsed {
		return
	}
	if !m.NoQuorum || w.now.Sub(epoch0) < 90*time.Second {
		w.t.Fatalf("%+v makes an orphan of the agent at %s", m, clock(w.now, epoch0))
	}
	w.oracle.lapsed()
}

// checkDenied checks that servers are looked for when one has answered that it
// knows no leader, and none is left that may.
func (w *witness) checkDenied(m messages.Message, before *messages.View) {
	n, ok := m.(messages.FailureNotice)
	active, _ := w.view.Active()
	if !ok || !n.NoQuorum || n.Epoch != before.Epoch() || !before.Contains(n.Server) || w.view.Health(active) != messages.Leaderless {
		return
	}
	if !w.looking && w.r.discoveryDeadline().IsZero() {
		w.t.Fatalf("nobody looks for servers, and none knows a leader: %s", picture(w.view))
	}
}

// checkPreferred checks that no server that nobody has reached carries calls in
// front of a primary that works, because servers were set by hand, or a heartbeat, or
// the end of what one began, took the active server away or into the other class.
func (w *witness) checkPreferred(m messages.Message, before *messages.View) {
	was, _ := before.Active()
	is, _ := w.view.Active()
	if w.view.Health(is) != messages.Unknown {
		return
	}
	var role, now messages.Role
	held, works := false, false
	for s := range before.Ranking() {
		if s.Server == was {
			role, held = s.Role, s.Held
		}
	}
	for s := range w.view.Ranking() {
		if s.Server == was {
			now = s.Role
		}
		works = works || s.Role == messages.Primary && s.Health == messages.Alive
	}
	_, heartbeat := m.(messages.HeartbeatUpdate)
	_, set := m.(messages.SetServers)
	_, removed := m.(messages.RemoveServer)
	released := held && !removed && !w.view.Contains(was)
	if works && ((heartbeat || set) && (now != role || !w.view.Contains(was)) || released) {
		w.t.Fatalf("after %T what works stands behind what nobody has reached: %s, then %s", m, picture(before), picture(w.view))
	}
}

// checkRelief checks that m may end the doubt about a server.
func (w *witness) checkRelief(m messages.Message, s messages.Server, now messages.Health) {
	// With the seeds it may have come back in the step in which it left; the
	// leader's word may have ended the silence in which it did.
	u, _ := m.(messages.HeartbeatUpdate)
	seed := slices.Contains(w.oracle.seeds, s.Addr)
	back := now == messages.Unknown && (w.r.quorum.silent || seed && u.LeaderRPCAddr != "")
	ok := now == messages.Failed || back
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		ok = back || m.LeaderRPCAddr != "" && now == messages.Alive
	case messages.ProbeDone:
		ok = ok || m.Err == nil && w.view.LeaderAddr() != "" && now == messages.Unknown && m.Server.Addr == s.Addr
	}
	if !ok {
		w.t.Fatalf("after %T the leaderless %s is %v", m, s, now)
	}
}

// bereft tells the oracle that every server has failed. A message that ends being
// an orphan may make one of the agent in the same step; a heartbeat with a leader
// may end it again, for who carried it may be among those that come back.
func (w *witness) bereft(m messages.Message, wasSilent bool, before *messages.View) {
	if u, ok := m.(messages.HeartbeatUpdate); ok && u.LeaderRPCAddr != "" {
		left := append(w.oracle.backups(), w.oracle.primaries...)
		answering := func(addr string) bool { return before.Health(messages.Server{Addr: addr}) != messages.Failed }
		if len(left) > 0 && !slices.ContainsFunc(left, answering) {
			w.oracle.foundNobody()
		}
		return
	}
	p, _ := m.(messages.ProbeDone)
	ended := p.Round != 0 && !w.r.round.running || m == nil
	if w.r.quorum.silent && (!wasSilent || ended) {
		w.oracle.foundNobody()
	}
}

// leftover tells the oracle who has left because a run of discovery found others.
// The view is that of the roster, before its effects were taken.
func (w *witness) leftover(m messages.DiscoveryDone, before *messages.View) {
	released := !w.r.list.holding() && slices.ContainsFunc(w.r.list.primaries, func(e *entry) bool { return e.health == messages.Alive })
	for e := range before.Ranking() {
		addr := e.Server.Addr
		again := slices.ContainsFunc(m.Found, func(f messages.Found) bool {
			s, err := messages.ParseServer(f.Addr)
			return err == nil && s.Addr == addr
		})
		if w.r.list.find(addr) != nil || e.Held && released {
			continue
		}
		if again || e.Health == messages.Alive || e.Health == messages.Leaderless || e.Source == messages.SourceManual || e.Source == messages.SourceHeartbeat {
			w.t.Fatalf("%+v left because discovery found %v", e, m.Found)
		}
		w.oracle.primaries, w.oracle.listed = but(w.oracle.primaries, addr), but(w.oracle.listed, addr)
		w.oracle.held = but(w.oracle.held, addr)
	}
}

// checkHeld compares who is held with the oracle, and checks that nobody is once
// a server that the heartbeat names answers.
func (w *witness) checkHeld() {
	var held []string
	answers := false
	for s := range w.view.Ranking() {
		if s.Held {
			held = append(held, s.Server.Addr)
		}
		answers = answers || !s.Held && s.Role == messages.Primary && s.Health == messages.Alive
	}
	if answers {
		w.oracle.released()
	}
	if answers && len(held) > 0 {
		w.t.Fatalf("a server answers, and the former ones are still held: %s", picture(w.view))
	}
	sameSet(w.t, "held servers", held, w.oracle.held)
}

// checkFailover checks that a notice which makes another server active brings
// the next round forward, within its bounds, unless the fleet is too large for that,
// and that none comes after its regular time. Who becomes active because the
// configuration came back, as this step lapsed, has taken over from nobody; and while
// no server answers, only the regular round is due.
func (w *witness) checkFailover(m messages.Message, before *messages.View, lapsed bool) {
	at, regular := w.r.nextRound(), w.r.regular()
	if at.After(regular) {
		w.t.Fatalf("a round is due at %s, after its regular time %s", clock(at, epoch0), clock(regular, epoch0))
	}
	n, ok := m.(messages.FailureNotice)
	if !ok {
		return
	}
	was, _ := before.Active()
	is, _ := w.view.Active()
	if w.view.Health(is) == messages.Failed {
		if !at.Equal(regular) {
			w.t.Fatalf("no server answers, and a round is due at %s, not at its regular time", clock(at, epoch0))
		}
		return
	}
	if was.Addr != n.Server.Addr || is == was || lapsed {
		return
	}
	t := w.r.cfg.Rebalance
	servers := max(1, len(w.oracle.primaries))
	scaled := float64(w.view.NumNodes()) / float64(t.ConnsPerServerSecond*servers) * float64(time.Second)
	earliest, latest := w.now.Add(t.Spread), w.now.Add(3*t.Spread)
	switch part := scaled / float64(t.MinInterval+t.MinInterval/4); {
	case part >= 1.15, scaled/(1.15-part) > float64(t.MinInterval):
		earliest, latest = regular, regular
	case scaled/(1.15-part) > float64(2*t.Spread):
		latest = earliest.Add(time.Duration(scaled / (1.15 - part)))
	}
	if at.After(latest) || at.Before(earliest) && !at.Equal(regular) {
		w.t.Fatalf("after a failover at %s the next round is due at %s, not between %s and %s",
			clock(w.now, epoch0), clock(at, epoch0), clock(earliest, epoch0), clock(latest, epoch0))
	}
}

// answers notes whom m may be an answer of: whether it has counted as one is not
// known here. A heartbeat may also take a server away and bring it back at once.
func (w *witness) answers(m messages.Message) {
	const perhaps = -1
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		for s := range w.view.All() {
			w.asked[s.Addr] = perhaps
		}
	case messages.Recovered:
		w.asked[m.Server.Addr] = perhaps
	case messages.FailureNotice:
		if m.NoQuorum {
			w.asked[m.Server.Addr] = perhaps
		}
	case messages.ProbeDone:
		if m.Err == nil {
			w.asked[m.Server.Addr] = perhaps
		}
	}
}

// testified checks who is to bear witness.
func (w *witness) testified(e Witness) {
	if w.now.Sub(w.looked) >= time.Minute {
		clear(w.asked)
	}
	w.looks, w.looked = w.looks+1, w.now
	order := []messages.Health{messages.Alive, messages.Leaderless, messages.Failed}
	turn := func(s messages.Server) int { // who is asked first: who was asked longest ago, then by health
		return w.asked[s.Addr]*len(order) + slices.Index(order, max(w.view.Health(s), messages.Alive))
	}
	last := 0
	for i, s := range e.Others {
		if s == e.Suspect || !w.view.Contains(s) || slices.Contains(e.Others[:i], s) {
			w.t.Fatalf("%v are to bear witness against %s: %s", e.Others, e.Suspect, picture(w.view))
		}
		if w.asked[s.Addr] >= 0 {
			if turn(s) < last {
				w.t.Fatalf("%v are to bear witness against %s, in another order: %s, asked %v", e.Others, e.Suspect, picture(w.view), w.asked)
			}
			last = turn(s)
		}
	}
	for s := range w.view.All() {
		if s != e.Suspect && !slices.Contains(e.Others, s) && w.asked[s.Addr] >= 0 && turn(s) < last {
			w.t.Fatalf("%v are to bear witness against %s, before it is their turn: %s, asked %v", e.Others, e.Suspect, picture(w.view), w.asked)
		}
	}
	others := w.view.Len()
	if w.view.Contains(e.Suspect) {
		others--
		w.asked[e.Suspect.Addr] = w.looks
	}
	for _, s := range e.Others {
		w.asked[s.Addr] = w.looks
	}
	if n := min(3, others); n == 0 || len(e.Others) != n || e.Epoch != w.view.Epoch() {
		w.t.Fatalf("%d witnesses in epoch %d, want %d in %d", len(e.Others), e.Epoch, n, w.view.Epoch())
	}
}
