package watch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// probed takes one probe.
func (m *Model) probed(e Probed, tell func(Change)) {
	r := m.row(e.Addr)
	if r == nil {
		return
	}
	former, first := r.State, len(r.trips) == 0
	r.add(trip{took: e.RTT, lost: e.Failed != ""})
	state := alive
	switch {
	case e.Failed != "":
		state, r.last = failed, 0
		r.asked, r.says = false, ""
	default:
		r.last = e.RTT
		if e.Asked {
			r.asked, r.says = true, printable.Name(e.Leader)
		}
		if r.asked && r.says == "" {
			state = leaderless
		}
	}
	r.Why = printable.Text(e.Failed)
	was, since := r.version, r.Since
	if e.Version != "" {
		r.version = printable.Name(e.Version)
	}
	if first || state != former {
		r.State, r.Since = state, e.At
	}
	switch {
	case first:
		tell(m.introduce(e.At, r))
	case state != former:
		tell(stateChange(e.At, r, former, since))
	}
	if was != "" && was != r.version {
		tell(Change{
			At: e.At, Kind: KindVersion, Level: Info, Server: r.Addr, From: was, To: r.version,
			Text: fmt.Sprintf("%s runs %s, was %s", r.Addr, r.version, was),
		})
	}
	m.elect(e.At, tell)
}

// introduce is what is known of a server.
func (m *Model) introduce(at time.Time, r *Row) Change {
	lost, probes := r.loss()
	s := &Status{
		State: r.State, Front: r.Front, RTT: inMS(r.last), P99: inMS(r.p99), Probes: probes, Lost: lost,
		Leader: m.leads(r), Version: r.version, Source: printable.Name(string(r.status.Source)),
	}
	c := Change{At: at, Kind: KindServer, Level: Info, Server: r.Addr, Reason: r.Why, Status: s, Text: r.Addr + " " + r.State}
	if m.agent != "" {
		s.Probes, s.Lost = 0, 0
	}
	switch {
	case r.Why != "":
		c.Level, c.Text = Warn, c.Text+": "+r.Why
	case r.State == failed || r.State == leaderless || r.State == silent:
		c.Level = Warn
	case r.last > 0:
		c.Text += ", " + milliseconds(r.last) + " ms"
	}
	if r.version != "" {
		c.Text += ", " + r.version
	}
	if r.Front {
		c.Text += ", in front"
	}
	return c
}

// stateChange is that a server's state is another one.
func stateChange(at time.Time, r *Row, former string, since time.Time) Change {
	c := Change{At: at, Kind: KindState, Level: Warn, Server: r.Addr, From: former, To: r.State, Reason: r.Why}
	if !since.IsZero() {
		c.Seconds = lasted(at.Sub(since))
	}
	switch r.State {
	case alive:
		c.Level, c.Text = Info, r.Addr+" answers"
		if former == leaderless {
			c.Text = r.Addr + " knows a leader"
		}
		if former != unknown && !since.IsZero() {
			c.Text += fmt.Sprintf(" after %s", short(at.Sub(since)))
		}
	case leaderless:
		c.Text = r.Addr + " answers, and knows no leader"
	case silent:
		c.Text = r.Addr + " is silent while calls wait"
	case failed:
		c.Text = r.Addr + " failed"
		if r.Why != "" {
			c.Text += ": " + r.Why
		}
	default:
		c.Level, c.Text = Info, r.Addr+" is not known to answer"
	}
	return c
}

// elect counts which leader the servers say that there is. Those that were not asked, or do
// not answer, do not count.
func (m *Model) elect(at time.Time, tell func(Change)) {
	votes, asked := map[string]int{}, false
	for _, r := range m.rows {
		if r.asked {
			asked = true
			if r.says != "" {
				votes[r.says]++
			}
		}
	}
	var named []string
	for addr := range votes {
		named = append(named, addr)
	}
	slices.SortFunc(named, func(a, b string) int { // the one of before stays among equals
		return cmp.Or(votes[b]-votes[a], rank(b == m.leader)-rank(a == m.leader), cmp.Compare(a, b))
	})
	m.disputed = len(named) > 1
	leader := ""
	if len(named) > 0 {
		leader = named[0]
	}
	if !asked { // nobody is left to say
		return
	}
	m.led = m.setLeader(at, leader, "the servers know no leader", m.led, tell)
}

// setLeader takes which leader there is, and reports that one was known. known is whether one
// was before.
func (m *Model) setLeader(at time.Time, leader, none string, known bool, tell func(Change)) bool {
	former := m.leader
	m.leader = leader
	if leader == former || !known {
		return known || leader != ""
	}
	c := Change{At: at, Kind: KindLeader, Level: Info, From: former, To: leader, Text: leader + " leads"}
	if former != "" {
		c.Text += ", " + former + " did"
	}
	if leader == "" {
		c.Level, c.Text = Warn, none
	}
	tell(c)
	return true
}

// rank is 1 for what is so.
func rank(is bool) int {
	if is {
		return 1
	}
	return 0
}

// leads reports whether a server is the leader that the servers name.
func (m *Model) leads(r *Row) bool { return m.leader != "" && r.Addr == m.leader }
