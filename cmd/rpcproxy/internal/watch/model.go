package watch

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Bounds of what is kept.
const (
	mostRows      = 1024 // servers
	mostChanges   = 512
	mostDecisions = 256
)

// Model is all that is known. One goroutine uses it.
type Model struct {
	agent string // whose state is watched; empty: servers are probed
	rows  []*Row // in the order in which they came to be known
	index map[string]*Row

	snap      proxy.Snapshot
	reported  bool
	complete  bool // each server is known, and which one is in front
	decisions []proxy.Decision
	changes   []Change // the log, oldest first

	leader   string // that the servers say
	disputed bool   // they do not agree
	led      bool   // one said it once
	late     bool   // an agent's TTL has ended
	epoch    uint64 // of the last move that was told
	link     Linked
	linked   bool // there was one
}

// NewModel makes the model of servers that are probed.
func NewModel(addrs []string) *Model {
	m := &Model{index: map[string]*Row{}}
	for _, addr := range addrs {
		m.row(addr)
	}
	return m
}

// NewAgentModel makes the model of an agent's state. The name is shown.
func NewAgentModel(name string) *Model {
	return &Model{agent: printable.Name(name), index: map[string]*Row{}}
}

// Apply takes an event and returns what it changes.
func (m *Model) Apply(e Event) []Change {
	var fresh []Change
	tell := func(c Change) { fresh = append(fresh, m.keep(c)) }
	switch e := e.(type) {
	case Probed:
		m.probed(e, tell)
	case Reported:
		m.report(e, tell)
	case Linked:
		m.connected(e, tell)
	}
	return fresh
}

// Len is how many servers there are.
func (m *Model) Len() int { return len(m.rows) }

// Complete reports whether each server is known, and which one is in front.
func (m *Model) Complete() bool { return m.complete }

// Serves reports whether a server answers, and serves the agent if it is one that is watched.
func (m *Model) Serves() bool {
	if m.agent != "" {
		return m.reported && !m.snap.Unserved && m.snap.Active != ""
	}
	return slices.ContainsFunc(m.rows, func(r *Row) bool { return r.State == alive || r.State == leaderless })
}

// Servers are the changes that tell each server as it is.
func (m *Model) Servers(now time.Time) (all []Change) {
	for _, r := range m.rows {
		all = append(all, m.introduce(now, r))
	}
	return all
}

// Clone is a copy that shares nothing which changes.
func (m *Model) Clone() *Model {
	c := *m
	c.rows, c.index = make([]*Row, 0, len(m.rows)), make(map[string]*Row, len(m.rows))
	for _, r := range m.rows {
		twin := r.clone()
		c.rows, c.index[r.Addr] = append(c.rows, twin), twin
	}
	c.decisions, c.changes = slices.Clone(m.decisions), slices.Clone(m.changes)
	return &c
}

// row is that of an address, which is made if it is new; nil: there are too many.
func (m *Model) row(addr string) *Row {
	addr = printable.Name(addr)
	if r := m.index[addr]; r != nil {
		return r
	}
	if len(m.rows) == mostRows {
		return nil
	}
	r := &Row{Addr: addr, State: unknown}
	m.index[addr], m.rows = r, append(m.rows, r)
	return r
}

// decide merges decisions by their numbers.
func (m *Model) decide(decisions []proxy.Decision) {
	for _, d := range decisions {
		at, found := slices.BinarySearchFunc(m.decisions, d.Seq, func(d proxy.Decision, seq uint64) int {
			switch {
			case d.Seq < seq:
				return -1
			case d.Seq > seq:
				return 1
			}
			return 0
		})
		if found {
			m.decisions[at] = d
		} else {
			m.decisions = slices.Insert(m.decisions, at, d)
		}
	}
	if over := len(m.decisions) - mostDecisions; over > 0 {
		m.decisions = slices.Delete(m.decisions, 0, over)
	}
}
