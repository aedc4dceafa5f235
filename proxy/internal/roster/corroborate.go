package roster

import (
	"cmp"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// corroborators is how many other servers are asked when one is silent: enough to
// pass over dead ones, few enough not to burden a cluster in trouble.
const corroborators = 3

// calmTime without a suspicion ends a row of them.
const calmTime = time.Minute

// look begins a look and returns its number.
func (s *suspicion) look(now moment.Time) uint64 {
	s.looks++
	if now.Sub(s.last) >= calmTime {
		s.row = s.looks
	}
	s.last = now
	return s.looks
}

// lastAsked is the look of this row in which e was asked, or was the suspect, if it has
// not answered since; zero: none.
func (s *suspicion) lastAsked(e *entry) uint64 {
	if look := e.look(); look >= s.row {
		return look
	}
	return 0
}

// suspected chooses the corroborators: servers that were not asked in this row of looks,
// or have answered since, then those that were asked longest ago. Among equals those that
// may know a leader come first, failed ones last, else the ranking decides. Without
// another server there is no corroborator, and the silent server stays. It may have left
// the list: calls that were on their way to it wait all the same.
func (r *Roster) suspected(now moment.Time, m messages.Suspected) {
	suspect := r.list.find(m.Addr)
	if suspect == nil {
		suspect = newEntry(&about{server: messages.Server{Name: m.Addr, Addr: m.Addr}})
		suspect.touched = false
	}
	others := make([]*entry, 0, r.list.len())
	for e := range r.list.all() {
		if e != suspect {
			others = append(others, e)
		}
	}
	if len(others) == 0 {
		return
	}
	suspicion := &r.seldom().suspicion
	look := suspicion.look(now)
	slices.SortStableFunc(others, func(a, b *entry) int {
		return cmp.Or(
			cmp.Compare(suspicion.lastAsked(a), suspicion.lastAsked(b)),
			cmp.Compare(reluctance(a), reluctance(b)),
		)
	})
	suspect.blotted().lastAskedLook = look
	asked := make([]messages.Server, 0, corroborators)
	for _, e := range others[:min(len(others), corroborators)] {
		e.blotted().lastAskedLook = look
		asked = append(asked, e.server)
	}
	r.shared.box.command(Corroborate{
		Suspect: suspect.server, Others: asked, Epoch: r.asOf(suspect), Stagger: r.shared.cfg.ProbeStagger, Limit: r.shared.cfg.ProbeTimeout,
	})
}

// reluctance is how late e is asked because of its health.
func reluctance(e *entry) int {
	switch e.health {
	case messages.Failed:
		return 2
	case messages.Leaderless:
		return 1
	default:
		return 0
	}
}
