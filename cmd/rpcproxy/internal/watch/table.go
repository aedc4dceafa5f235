package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// column is one of the table of servers.
type column struct {
	head  string
	width int // least
	grow  int // by how much it may be wider
	last  int // the higher, the sooner it is left out where there is no room
	right bool
	cell  func(r *Row, width int) Span
}

// table draws the servers in so many columns of the terminal: the head, and a line for each
// row given.
func (m *Model) table(rows []*Row, width int, now time.Time, marks sparks, chosen *Row) []Line {
	columns := fitting(m.columns(now, marks), width-2)
	head := Line{{Text: "  "}}
	for i, c := range columns {
		if i > 0 {
			head = append(head, Span{Text: "  "})
		}
		head = append(head, Span{Text: pad(c.head, c), Style: Faint})
	}
	lines := []Line{head.cutTo(width)}
	for _, r := range rows {
		mark := "  "
		if r == chosen {
			mark = "> "
		}
		line := Line{{Text: mark, Style: Chosen}}
		for i, c := range columns {
			if i > 0 {
				line = append(line, Span{Text: "  "})
			}
			s := c.cell(r, c.width)
			s.Text = pad(s.Text, c)
			line = append(line, s)
		}
		lines = append(lines, line.cutTo(width))
	}
	return lines
}

// pad is text in the width of a column.
func pad(text string, c column) string {
	if c.right {
		text = cut(text, c.width)
		return strings.Repeat(" ", max(c.width-width(text), 0)) + text
	}
	return fit(text, c.width)
}

// fitting are the columns that fit, and share the room that is left.
func fitting(all []column, room int) []column {
	for {
		need, worst := 2*(len(all)-1), 0
		for i, c := range all {
			need += c.width
			if c.last > all[worst].last {
				worst = i
			}
		}
		if need > room && len(all) > 1 {
			all = append(all[:worst:worst], all[worst+1:]...)
			continue
		}
		for i := range all {
			more := min(max(room-need, 0), all[i].grow)
			all[i].width += more
			need += more
		}
		return all
	}
}

// slots is how many figures an agent has for a sparkline.
const slots = 10

// columns are all that there are. Without marks there are no sparklines of probes.
func (m *Model) columns(now time.Time, marks sparks) []column {
	longest := 12
	for _, r := range m.rows {
		longest = max(longest, width(r.Addr))
	}
	server := column{head: "SERVER", width: min(longest, 21), grow: min(longest, 64) - min(longest, 21), cell: func(r *Row, _ int) Span {
		style := Plain
		if r.Front {
			style = Bold
		}
		return Span{r.Addr, style}
	}}
	state := column{head: "STATE", width: 10, last: 1, cell: func(r *Row, _ int) Span { return Span{stateText(r), stateStyle(r)} }}
	spark := func(last, least, most int) column {
		return column{head: trend, right: true, width: least, grow: most - least, last: last, cell: func(r *Row, n int) Span {
			line := marks.draw(r.trips, n)
			return Span{strings.Repeat(" ", n-width(line)) + line, Plain}
		}}
	}
	if m.agent != "" {
		return m.agentColumns(server, state, spark(5, slots, slots), now)
	}
	all := []column{
		server, state,
		{head: "RTT ms", width: 6, last: 2, right: true, cell: func(r *Row, _ int) Span {
			if r.last == 0 {
				return Span{"-", Faint}
			}
			return Span{milliseconds(r.last), Plain}
		}},
		spark(5, 12, window),
		{head: "LOSS", width: 4, last: 3, right: true, cell: func(r *Row, _ int) Span {
			lost, probes := r.loss()
			if lost == 0 {
				return Span{"0%", Faint}
			}
			return Span{fmt.Sprintf("%d%%", max(1, lost*100/probes)), Bad}
		}},
		{head: "LEADER", width: 6, last: 4, cell: func(r *Row, _ int) Span {
			switch {
			case m.leads(r):
				return Span{"*", Bold}
			case r.asked && r.says == "":
				return Span{"none", Bad}
			case r.asked && m.disputed && r.says != m.leader:
				return Span{"other", Bad}
			}
			return Span{}
		}},
		{head: "VERSION", width: 8, grow: 6, last: 6, cell: func(r *Row, _ int) Span { return Span{cmp.Or(r.version, "-"), Plain} }},
		why(8),
	}
	if marks.levels == nil {
		all = slices.DeleteFunc(all, func(c column) bool { return c.head == trend })
	}
	return all
}

// trend is the head of the sparklines.
const trend = "TREND"

// why is what led to a failure.
func why(last int) column {
	return column{head: "WHY", width: 24, grow: 200, last: last, cell: func(r *Row, _ int) Span { return Span{r.Why, Bad} }}
}

// agentColumns are those of an agent's state.
func (m *Model) agentColumns(server, state, spark column, now time.Time) []column {
	number := func(head string, last int, of func(r *Row) uint64, style Style) column {
		return column{head: head, width: 6, grow: 2, last: last, right: true, cell: func(r *Row, _ int) Span {
			if of(r) == 0 {
				return Span{"0", Faint}
			}
			return Span{fmt.Sprint(of(r)), style}
		}}
	}
	source := 6
	for _, r := range m.rows {
		source = max(source, width(printable.Name(string(r.status.Source))))
	}
	return []column{
		server, state,
		{head: "p50/p99 ms", width: 10, last: 2, right: true, cell: func(r *Row, _ int) Span {
			if r.last == 0 {
				return Span{"-", Faint}
			}
			return Span{milliseconds(r.last) + "/" + milliseconds(r.p99), Plain}
		}},
		spark,
		{head: "SESSION", width: 12, last: 4, cell: func(r *Row, _ int) Span { return Span{sessionText(r, now), Plain} }},
		number("CALLS", 3, func(r *Row) uint64 { return r.status.Answered }, Plain),
		number("OPEN", 7, func(r *Row) uint64 {
			if r.session == nil {
				return 0
			}
			return uint64(max(r.session.Calls+r.session.Streams, 0))
		}, Plain),
		number("FAILED", 6, func(r *Row) uint64 { return r.status.Failures }, Bad),
		{head: "ROLE", width: 7, last: 8, cell: func(r *Row, _ int) Span { return Span{printable.Name(r.status.Role), Faint} }},
		{head: "SOURCE", width: min(source, 20), last: 9, cell: func(r *Row, _ int) Span { return Span{printable.Name(string(r.status.Source)), Faint} }},
		why(10),
	}
}

// sessionText is a session in a few characters; empty: there is none.
func sessionText(r *Row, now time.Time) string {
	if r.session == nil {
		return ""
	}
	text := fmt.Sprintf("#%d %s", r.session.ID, short(now.Sub(r.session.Since)))
	if r.session.TLS {
		text += " TLS"
	}
	return text
}

// stateText is a server's state, of the one in front its place.
func stateText(r *Row) string {
	if r.Front && r.State == alive {
		return "in front"
	}
	return r.State
}

func stateStyle(r *Row) Style {
	switch {
	case r.State == failed || r.State == leaderless || r.State == silent:
		return Bad
	case r.Front:
		return Good
	}
	return Plain
}
