package proxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Explanation says which server is in front, why, and how that came about. It
// prints as text and marshals as JSON.
type Explanation struct {
	At        time.Time  `json:"at"`
	Epoch     uint64     `json:"epoch"`
	Active    string     `json:"active"` // empty: there is none
	Why       string     `json:"why"`
	NumNodes  int        `json:"num_nodes"`
	Leader    string     `json:"leader"`    // empty: the last heartbeat named none
	Servers   []Listed   `json:"servers"`   // best first
	Decisions []Decision `json:"decisions"` // the last 256, oldest first
}

// Listed is one server of an Explanation.
type Listed struct {
	Addr   string          `json:"addr"`
	Role   string          `json:"role"`
	Health string          `json:"health"`
	Source messages.Source `json:"source"`
	Held   bool            `json:"held,omitempty"` // no longer named by the heartbeat, kept until a server that is answers
}

// Decision is one step of the list's owner that changed something.
type Decision struct {
	Seq    uint64    `json:"seq"` // grows by one with each decision
	At     time.Time `json:"at"`
	Cause  string    `json:"cause"`  // the message that was taken, or that something was due
	Did    []string  `json:"did"`    // what was decided, in order
	Epoch  uint64    `json:"epoch"`  // of the View afterwards
	Active string    `json:"active"` // server afterwards
	Why    string    `json:"why"`    // it is the active one
}

// Explain says why the active server is that, and what the owner decided lately.
// It reads what is published: it asks nobody and blocks nobody, and it works on a
// Proxy that was stopped.
func (p *Proxy) Explain() Explanation {
	now := p.now.Load()
	e := Explanation{
		At: time.Now(), Epoch: now.view.Epoch(), Active: now.active.Addr, Why: now.why,
		NumNodes: now.view.NumNodes(), Leader: now.view.LeaderAddr(),
		Servers: make([]Listed, 0, now.view.Len()), Decisions: p.record.all(),
	}
	for r := range now.view.Ranking() {
		e.Servers = append(e.Servers, Listed{
			Addr: r.Server.Addr, Role: r.Role.String(), Health: r.Health.String(), Source: r.Source, Held: r.Retained,
		})
	}
	return e
}

// String is the explanation as lines of text.
func (e Explanation) String() string {
	var b strings.Builder
	active := e.Active
	if active == "" {
		active = "none"
	}
	fmt.Fprintf(&b, "active: %s (%s)\n", active, e.Why)
	fmt.Fprintf(&b, "epoch %d, %d nodes, leader %q\n", e.Epoch, e.NumNodes, e.Leader)
	for _, s := range e.Servers {
		held := ""
		if s.Held {
			held = ", held"
		}
		fmt.Fprintf(&b, "  %-24s %s, %s, from %s%s\n", s.Addr, s.Role, s.Health, s.Source, held)
	}
	for _, d := range e.Decisions {
		b.WriteString(d.String())
	}
	return b.String()
}

// String is the decision as lines of text.
func (d Decision) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s\n", d.At.Format("15:04:05.000"), d.Seq, d.Cause)
	for _, did := range d.Did {
		fmt.Fprintf(&b, "    %s\n", did)
	}
	return b.String()
}
