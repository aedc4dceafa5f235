package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// rebalance begins a round, which goes by chance whatever was to come. During a round
// it begins none; the caller gets the result of the one that runs.
func (r *Roster) rebalance(now moment.Time, reply actor.Reply[messages.RebalanceResult]) {
	if reply.Awaited() {
		rare := r.seldom()
		rare.waiters = append(rare.waiters, reply)
	}
	if r.round.running {
		return
	}
	if s := &r.schedule; r.shared.cfg.Policy == Shuffle && r.fleetIndex == 0 {
		s.homeward, s.home, s.joined = false, "", false
	}
	r.beginRound(now, false)
}

// beginRound orders the candidates and probes the first. Every probe may last
// until the round's limit; the stagger shrinks with the number of candidates so
// that the last one still has half of it.
func (r *Roster) beginRound(now moment.Time, extra bool) {
	d := &r.round
	d.number++
	d.course = r.shared.course()
	r.list.forgiven(now)
	d.running, d.extra, d.started, d.homeward, d.verifying = true, extra, 0, r.schedule.homeward, r.verifying()
	d.began, d.limit, d.waitUntil = now, now.Add(r.shared.cfg.ProbeTimeout), 0
	d.candidates = d.candidates[:0]
	order := r.arrange(d.homeward)
	if d.verifying {
		order = slices.DeleteFunc(order, func(e *entry) bool { return e.retained || r.list.isBackup(e) })
	}
	d.short = len(order) > maxCandidates
	for _, e := range r.shortlist(order) {
		e.skippedOnce = true
		d.candidates = append(d.candidates, candidate{server: e.server})
	}
	r.list.forgetJoins()
	share := r.shared.cfg.ProbeTimeout / time.Duration(2*max(len(d.candidates), 1))
	d.stagger = max(min(r.shared.cfg.ProbeStagger, share), 1)
	r.probeNext(now)
}

// verifying reports whether only servers that are to replace the retained ones are
// candidates of the round that begins: a retained one carries calls meanwhile.
func (r *Roster) verifying() bool {
	return r.list.retaining() && r.list.served()
}
