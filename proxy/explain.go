package proxy

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
)

// Explanation reports which server is active, why, and which decisions led to it. It prints
// as text and marshals as JSON. What came from outside in it is printable, cut, and without keys,
// passwords, signed identities, and UUIDs that are called tokens or secrets; other UUIDs stay, as those
// of nodes.
type Explanation struct {
	At        time.Time      `json:"at"`
	Epoch     uint64         `json:"epoch"`
	Active    string         `json:"active"` // address; empty: there is none
	Reason    string         `json:"why"`    // the reason why Active is the active server
	NumNodes  int            `json:"num_nodes"`
	Leader    string         `json:"leader"`    // empty: the last heartbeat named none
	Servers   []ListedServer `json:"servers"`   // best first
	Decisions []Decision     `json:"decisions"` // the last 256, or fewer if they have over 1 MiB of text, oldest first
}

// ListedServer is one server of an Explanation.
type ListedServer struct {
	Addr     string          `json:"addr"`
	Role     string          `json:"role"`
	Health   string          `json:"health"`
	Source   messages.Source `json:"source"`
	Retained bool            `json:"held,omitempty"` // kept although the last heartbeat does not name it, until a server that it names answers
}

// Explain reports why the active server is active, and what the owner decided lately. It reads
// published state: it does not block, and works on a Proxy that was stopped.
func (p *Proxy) Explain() Explanation {
	snap := p.snap.Load()
	e := Explanation{
		At: time.Now(), Epoch: snap.view.Epoch(), Active: snap.active.Addr, Reason: snap.activeReason,
		NumNodes: snap.view.NumNodes(), Leader: shownLine(snap.view.LeaderAddr(), printable.MaxName),
		Servers: make([]ListedServer, 0, snap.view.Len()), Decisions: p.record.all(),
	}
	for r := range snap.view.Ranking() {
		e.Servers = append(e.Servers, ListedServer{
			Addr: r.Server.Addr, Role: r.Role.String(), Health: r.Health.String(), Source: shownSource(r.Source), Retained: r.Retained,
		})
	}
	return e
}

// String is the explanation as lines of text.
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "active: %s (%s)\n", cmp.Or(printable.Name(e.Active), "none"), printable.Text(e.Reason))
	fmt.Fprintf(&b, "epoch %d, %d nodes, leader %s\n", e.Epoch, e.NumNodes, printable.Quote(e.Leader, printable.MaxName))
	for _, s := range e.Servers {
		held := ""
		if s.Retained {
			held = ", held"
		}
		fmt.Fprintf(&b, "  %-24s %s, %s, from %s%s\n", printable.Name(s.Addr), printable.Name(s.Role), printable.Name(s.Health), printable.Name(string(s.Source)), held)
	}
	for _, d := range e.Decisions {
		b.WriteString(d.String())
	}
	return b.String()
}
