package roster

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// witness drives a roster, its twin and the oracle through the same messages and
// checks after each step what must always hold. What it knows of rounds, runs
// and views it has from the effects.
type witness struct {
	t      testing.TB
	r      *Roster
	twin   *Roster // same configuration, seed and messages
	oracle *oracle
	cfg    Config
	now    time.Time

	last     []messages.ServerInfo // of the last heartbeat
	denied   time.Time             // the last notice that a server knows no leader
	heard    bool                  // there was a heartbeat
	looks    int                   // for a witness
	looked   time.Time             // the last of them
	asked    map[string]int
	known    map[string]*entry // the same servers as before the step
	view     *messages.View
	views    []*messages.View
	pictures []string // of views, when they were published
	round    uint64   // of the last probe
	run      uint64   // of the last Discover
	looking  bool     // that run has not reported
	open     []any    // replies that wait
	ticks    int      // how many of them wait for a round
}

func newWitness(t testing.TB, cfg Config, seed uint64) *witness {
	w := &witness{
		t: t, r: New(cfg, seeded(seed)), twin: New(cfg, seeded(seed)),
		oracle: newOracle(cfg.Servers), cfg: cfg, now: epoch0, asked: map[string]int{}, known: map[string]*entry{},
	}
	w.r.Start(w.now)
	w.twin.Start(w.now)
	w.check()
	return w
}

func (w *witness) step(m messages.Message) {
	orphan, wasSilent, ticks, before := w.r.quorum.orphaned(), w.r.quorum.silent, w.ticks, w.view
	wasLapsed := w.r.quorum.lapsed
	w.expect(m)
	w.answers(m)
	w.r.Step(w.now, m)
	w.twin.Step(w.now, m)
	switch m := m.(type) {
	case messages.FailureNotice:
		w.evidence(m, wasLapsed)
	case messages.HeartbeatUpdate:
		w.heard = true
		w.last = m.Servers
		w.oracle.heartbeat(m, w.cfg.RPCMajorVersion, orphan, before)
	case messages.SetServers:
		w.oracle.setServers(m)
	case messages.SetBackups:
		w.oracle.setBackups(m)
	case messages.AddBackup:
		w.oracle.addBackup(m)
	case messages.AddPrimary:
		w.oracle.addPrimary(m)
	case messages.RemoveServer:
		w.oracle.remove(m)
	case messages.DiscoveryDone:
		if w.looking && m.Run == w.run {
			w.looking = false
			w.oracle.discovered(m, orphan)
			w.leftover(m, before)
		}
	}
	w.bereft(m, wasSilent, before)
	effects := w.check()
	w.checkDoubt(m, before)
	w.checkDenied(m, before)
	w.checkPreferred(m, before)
	w.checkFailover(m, before, w.r.quorum.lapsed && !wasLapsed)
	if _, isTick := m.(messages.RebalanceTick); !isTick && w.ticks == ticks && len(w.open) > w.ticks {
		w.t.Fatalf("%T has not been answered by the end of its step", m)
	}
	if hb, ok := m.(messages.HeartbeatUpdate); ok && len(effects) > 0 {
		if active, ok := before.Active(); hb.From.Addr == "" {
			hb.From = active
			if !ok {
				hb.From = serv(w.t, "nobody") // there was no server, and there may be one now
			}
		}
		w.repeat(hb)
	}
}

// repeat sends the same heartbeat again, from the same server: nothing may be
// published.
func (w *witness) repeat(m messages.HeartbeatUpdate) {
	m.Servers = slices.Clone(m.Servers)
	slices.Reverse(m.Servers)
	m.Reply = messages.HeartbeatUpdate{}.Reply
	before, shown := w.view.Epoch(), w.view
	orphan := w.r.quorum.orphaned()
	w.answers(m)
	w.r.Step(w.now, m)
	w.twin.Step(w.now, m)
	w.oracle.heartbeat(m, w.cfg.RPCMajorVersion, orphan, shown)
	w.check()
	if w.view.Epoch() != before {
		w.t.Fatalf("an unchanged heartbeat published %s", picture(w.view))
	}
}

func (w *witness) expireAt(at time.Time) {
	if at.After(w.now) { // a deadline may have passed already
		w.now = at
	}
	wasSilent, wasLapsed := w.r.quorum.silent, w.r.quorum.lapsed
	w.r.Expire(w.now)
	w.twin.Expire(w.now)
	if w.r.quorum.lapsed && !wasLapsed {
		w.oracle.lapsed()
	}
	w.bereft(nil, wasSilent, w.view)
	w.check()
	if w.r.quorum.lapsed && !w.heard && w.now.Sub(w.denied) >= 90*time.Second {
		w.t.Fatalf("an orphan at %s without a heartbeat, and the last server without a leader answered at %s", clock(w.now, epoch0), clock(w.denied, epoch0))
	}
	if at := w.r.Deadline(); !at.After(w.now) {
		w.t.Fatalf("after Expire at %s the deadline is %s", clock(w.now, epoch0), clock(at, epoch0))
	}
}

// conclude lets a round that is under way end, then nobody may wait any more.
func (w *witness) conclude() {
	w.expireAt(w.now.Add(w.r.cfg.ProbeTimeout))
	if len(w.open) > 0 {
		w.t.Fatalf("%d replies are never answered", len(w.open))
	}
	for i, v := range w.views {
		if got := picture(v); got != w.pictures[i] {
			w.t.Fatalf("view %d was %q when it was published and is %q now", v.Epoch(), w.pictures[i], got)
		}
	}
}

// expect notes that a message waits for its answer.
func (w *witness) expect(m messages.Message) {
	switch m := m.(type) {
	case messages.HeartbeatUpdate:
		w.open = append(w.open, m.Reply)
	case messages.FailureNotice:
		w.open = append(w.open, m.Reply)
	case messages.RebalanceTick:
		w.open = append(w.open, m.Reply)
		w.ticks++
	case messages.SetServers:
		w.open = append(w.open, m.Reply)
	case messages.SetBackups:
		w.open = append(w.open, m.Reply)
	case messages.AddBackup:
		w.open = append(w.open, m.Reply)
	case messages.AddPrimary:
		w.open = append(w.open, m.Reply)
	case messages.RemoveServer:
		w.open = append(w.open, m.Reply)
	}
}

// check takes the effects of a step and looks at each, then at the view.
func (w *witness) check() []Effect {
	effects := w.r.Take()
	w.checkTwin(effects)
	answered := false
	for _, e := range effects {
		switch e := e.(type) {
		case Publish:
			if answered {
				w.t.Fatal("an answer comes before the view")
			}
			w.published(e.View)
		case Probe:
			w.probed(e)
		case EndRound:
			if e.Round != w.round {
				w.t.Fatalf("round %d ends while %d is under way", e.Round, w.round)
			}
		case Witness:
			w.testified(e)
		case Discover:
			if e.Run != w.run+1 {
				w.t.Fatalf("run %d follows run %d", e.Run, w.run)
			}
			w.run, w.looking = e.Run, true
		case Answer[messages.RebalanceResult]:
			answered = true
			w.ticks--
			w.answered(e.To)
		case Answer[error]:
			answered = true
			w.answered(e.To)
		case Answer[bool]:
			answered = true
			w.answered(e.To)
		case Answer[messages.AddResult]:
			answered = true
			w.answered(e.To)
		}
	}
	w.checkHeld()
	w.checkView()
	return effects
}

func (w *witness) answered(to any) {
	i := slices.Index(w.open, to)
	if i < 0 {
		w.t.Fatal("an answer goes to somebody who does not wait, or was answered before")
	}
	w.open = slices.Delete(w.open, i, i+1)
}

func (w *witness) published(v *messages.View) {
	if w.view != nil && v.Epoch() != w.view.Epoch()+1 {
		w.t.Fatalf("epoch %d follows epoch %d", v.Epoch(), w.view.Epoch())
	}
	w.view = v
	for addr := range w.asked {
		e := w.r.list.find(addr)
		if e == nil || e != w.known[addr] {
			delete(w.asked, addr) // should it have come back, it is another one
		}
	}
	clear(w.known)
	for e := range w.r.list.all() {
		w.known[e.server.Addr] = e
	}
	w.views, w.pictures = append(w.views, v), append(w.pictures, picture(v))
}

func (w *witness) probed(p Probe) {
	switch {
	case p.Round < w.round:
		w.t.Fatalf("a probe of round %d comes in round %d", p.Round, w.round)
	case p.Until.Before(w.now), p.Until.Sub(w.now) > w.r.cfg.ProbeTimeout:
		w.t.Fatalf("a probe may last until %s", clock(p.Until, w.now))
	case !w.view.Contains(p.Server):
		w.t.Fatalf("%s is probed but not in the list", p.Server)
	}
	w.round = p.Round
}

// checkTwin compares what two rosters with the same past want.
func (w *witness) checkTwin(effects []Effect) {
	same := slices.EqualFunc(effects, w.twin.Take(), func(a, b Effect) bool {
		return render(a, epoch0) == render(b, epoch0)
	})
	if !same {
		w.t.Fatal("the same messages had other effects")
	}
}

// checkView compares the view with the oracle and with itself.
func (w *witness) checkView() {
	var primaries, backups []string
	seen := map[string]bool{}
	best := map[messages.Health]messages.Server{} // the first of each health; unknown counts as alive
	for s := range w.view.Ranking() {
		if seen[s.Server.Addr] {
			w.t.Fatalf("%s is listed twice: %s", s.Server, picture(w.view))
		}
		seen[s.Server.Addr] = true
		health := max(s.Health, messages.Alive)
		if _, ok := best[health]; !ok {
			best[health] = s.Server
		}
		if s.Role == messages.Backup {
			backups = append(backups, s.Server.Addr)
			continue
		}
		if len(backups) > 0 {
			w.t.Fatalf("a primary stands behind a backup: %s", picture(w.view))
		}
		primaries = append(primaries, s.Server.Addr)
	}
	sameSet(w.t, "primaries", primaries, w.oracle.primaries)
	sameSet(w.t, "backups", backups, w.oracle.backups())
	active, ok := w.view.Active()
	want := active // if all have failed, any
	for _, health := range []messages.Health{messages.Leaderless, messages.Alive} {
		if s, ok := best[health]; ok {
			want = s
		}
	}
	if ok != (w.view.Len() > 0) || ok && !w.view.Contains(active) || active != want {
		w.t.Fatalf("the active server is wrong: %s", picture(w.view))
	}
}

func sameSet(t testing.TB, what string, got, want []string) {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Fatalf("the %s are %q, want %q", what, got, want)
	}
}
