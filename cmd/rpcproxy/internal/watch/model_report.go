package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// report takes the state of a proxy: that of an agent, or the one that probes are told to.
func (m *Model) report(e Reported, tell func(Change)) {
	s := e.Snapshot
	if m.reported && !s.Started.Equal(m.snap.Started) {
		m.epoch, m.decisions = 0, nil
		tell(Change{At: s.At, Kind: KindAgent, Level: Warn, To: "restarted", Text: "the agent was started anew"})
	}
	m.decide(e.Decisions)
	if m.reported && s.Started.Equal(m.snap.Started) && s.Epoch < m.snap.Epoch {
		return // it was overtaken
	}
	first, former := !m.reported, m.snap
	m.snap, m.reported = s, true
	var good []Change // what became good is so now, and the moves were before
	if m.agent != "" {
		if first {
			m.leader = printable.Name(s.Leader)
		}
		sorted := func(c Change) {
			if first || c.Level == Warn {
				tell(c)
			} else {
				good = append(good, c)
			}
		}
		m.list(s, first, sorted)
		m.led = m.setLeader(s.At, printable.Name(s.Leader), "the agent was told of no leader", m.led, sorted)
		m.beats(s, sorted)
	}
	for _, r := range m.rows {
		r.Front = r.Addr == printable.Name(s.Active)
	}
	m.moved(s, first, tell)
	for _, c := range good {
		tell(c)
	}
	if m.agent != "" && !first && s.Unserved != former.Unserved {
		c := Change{At: s.At, Kind: KindServed, Level: Info, From: "unserved", To: "served", Text: "the agent is served again"}
		if s.Unserved {
			c.Level, c.From, c.To, c.Text = Warn, c.To, c.From, "no server is known that serves the agent"
		}
		tell(c)
	}
	m.complete = m.agent != "" || !slices.ContainsFunc(m.rows, func(r *Row) bool { return len(r.trips) == 0 })
}

// list takes an agent's servers.
func (m *Model) list(s proxy.Snapshot, first bool, tell func(Change)) {
	for _, r := range m.rows {
		r.listed, r.session = false, nil
	}
	why := m.failures()
	for i := range s.Servers {
		status := &s.Servers[i]
		known := m.index[printable.Name(status.Addr)] != nil
		r := m.row(status.Addr)
		if r == nil {
			continue
		}
		r.listed, r.status, r.Front = true, *status, r.Addr == printable.Name(s.Active)
		r.last, r.p99 = status.RTT.P50.Duration(), status.RTT.P99.Duration()
		r.trips = r.trips[:0]
		for _, took := range series(status) {
			r.add(trip{took: took})
		}
		r.session = sessionOf(s.Sessions, status.Addr)
		state := cmp.Or(printable.Name(status.Health), unknown)
		if r.session != nil && r.session.Doubt && state == alive {
			state = silent
		}
		r.Why = ""
		if state == failed {
			r.Why = why[r.Addr].why
		}
		former, since := r.State, r.Since
		switch {
		case first && state == failed:
			r.State, r.Since = state, why[r.Addr].at
		case first:
			r.State = state // it is not known since when
		case !known || state != former:
			r.State, r.Since = state, s.At
		}
		switch {
		case first:
			tell(m.introduce(s.At, r))
		case !known:
			tell(Change{
				At: s.At, Kind: KindListed, Level: Info, Server: r.Addr, To: state,
				Text: fmt.Sprintf("%s is new, from %s", r.Addr, printable.Name(string(status.Source))),
			})
		case state != former:
			tell(stateChange(s.At, r, former, since))
		}
	}
	m.rows = slices.DeleteFunc(m.rows, func(r *Row) bool {
		if r.listed {
			return false
		}
		delete(m.index, r.Addr)
		tell(Change{At: s.At, Kind: KindUnlisted, Level: Info, Server: r.Addr, From: r.State, Text: r.Addr + " is no longer in the list"})
		return true
	})
}

// sessionOf is the agent's own session to a server, the one in use if there are more; nil:
// there is none.
func sessionOf(all []proxy.SessionStatus, addr string) (found *proxy.SessionStatus) {
	for i := range all {
		if s := &all[i]; s.Server == addr && !s.Tenant && (found == nil || s.ID > found.ID) {
			found = s
		}
	}
	return found
}

// moved tells the moves since the last report. Those before the first one are history: they
// are in the log, and told to nobody.
func (m *Model) moved(s proxy.Snapshot, first bool, tell func(Change)) {
	for _, mv := range s.Moves {
		if mv.Epoch <= m.epoch {
			continue
		}
		m.epoch = mv.Epoch
		if c := m.move(mv); !first || m.agent == "" {
			tell(c)
		} else {
			m.keep(c)
		}
	}
}

// move is a move as a change.
func (m *Model) move(mv proxy.MoveStatus) Change {
	c := Change{At: mv.At, Kind: KindMove, Level: Info, From: printable.Name(mv.From), To: printable.Name(mv.To), Reason: printable.Name(string(mv.Reason))}
	if mv.Trouble > 0 {
		c.Seconds = lasted(mv.Trouble.Duration())
	}
	why := strings.ReplaceAll(c.Reason, "_", " ")
	if mv.Reason.Failover() {
		why = m.cause(mv, why)
	}
	switch {
	case c.From == "":
		c.Text = fmt.Sprintf("%s is in front (%s)", c.To, why)
	case c.To == "":
		c.Level, c.Text = Warn, fmt.Sprintf("%s is left, and none is in front (%s)", c.From, why)
	case mv.Reason.Failover():
		c.Level, c.Text = Warn, fmt.Sprintf("failing over %s -> %s (%s)", c.From, c.To, why)
	default:
		c.Text = fmt.Sprintf("moving %s -> %s (%s)", c.From, c.To, why)
	}
	return c
}

// cause is what led to a failover: what its probe says, or of an agent the decision, or else
// the reason.
func (m *Model) cause(mv proxy.MoveStatus, reason string) string {
	if r := m.index[printable.Name(mv.From)]; r != nil && r.Why != "" && m.agent == "" {
		return r.Why
	}
	for _, d := range slices.Backward(m.decisions) {
		if d.Epoch == mv.Epoch {
			return cmp.Or(blamed(d, mv.From), reason)
		}
	}
	return reason
}

// blamed is what a decision says of the failure of a server, which is named by what stands
// around; empty: nothing. How often it was tried is left to the decision itself.
func blamed(d proxy.Decision, addr string) string {
	_, cause, _ := strings.Cut(d.Cause, ": ")
	for _, tried := range []string{" (failed ", " (not sent"} {
		cause, _, _ = strings.Cut(cause, tried)
	}
	cause = strings.ReplaceAll(strings.ReplaceAll(cause, " on "+addr+":", ":"), "dial "+addr+":", "dial:")
	return printable.Text(cause)
}

// failure is when and why a server failed.
type failure struct {
	at  time.Time
	why string
}

// failures are why servers failed, the last time that was decided.
func (m *Model) failures() map[string]failure {
	why := map[string]failure{}
	for _, d := range m.decisions {
		if d.Kind == proxy.CauseFailure || d.Kind == proxy.CauseProbe {
			why[printable.Name(d.Server)] = failure{d.At, blamed(d, d.Server)}
		}
	}
	return why
}

// beats tells when the TTL of an agent has ended, and when it has one again.
func (m *Model) beats(s proxy.Snapshot, tell func(Change)) {
	h := s.Heartbeat
	if h == nil || h.TTL <= 0 || (h.Margin < 0) == m.late {
		return
	}
	m.late = h.Margin < 0
	c := Change{At: s.At, Kind: KindHeartbeat, Level: Info, From: "late", To: "in time", Text: "the heartbeat is answered in time again"}
	if m.late {
		c.Level, c.From, c.To = Warn, c.To, c.From
		c.Text = fmt.Sprintf("no heartbeat was answered for %s: the TTL of %s has ended", short(h.Age.Duration()), short(h.TTL.Duration()))
	}
	tell(c)
}

// connected takes what became of the connection to an agent.
func (m *Model) connected(e Linked, tell func(Change)) {
	e.Why = printable.Text(e.Why)
	former, known := m.link, m.linked
	m.link, m.linked = e, true
	if known && former.Up == e.Up {
		m.link.At = former.At
	}
	switch {
	case known && former.Up == e.Up && former.Why == e.Why:
	case !e.Up:
		tell(Change{At: e.At, Kind: KindAgent, Level: Warn, To: "lost", Reason: e.Why, Text: "the agent does not tell its state: " + e.Why})
	case known:
		c := Change{At: e.At, Kind: KindAgent, Level: Info, To: "reached", Text: "the agent tells its state again"}
		c.Seconds = lasted(e.At.Sub(former.At))
		tell(c)
	}
}

// series is how long calls of a server took of late, oldest first; 0: there was none.
func series(s *proxy.ServerStatus) []time.Duration {
	all := s.RTT.Series
	if len(all) > window {
		all = all[len(all)-window:]
	}
	took := make([]time.Duration, len(all))
	for i, d := range all {
		took[i] = max(d.Duration(), 0)
	}
	return took
}
