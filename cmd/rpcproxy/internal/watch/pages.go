package watch

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// drawExplain is the page of the decisions. They are at its end when it opens.
func (m *Model) drawExplain(s Screen) []Line {
	title := Line{{Text: "why " + m.front() + " is in front", Style: Bold}}
	body := m.explanation(s.Width)
	if len(body) == 0 {
		body = []Line{{{Text: "no decision is known yet", Style: Faint}}}
	}
	return append([]Line{sides(title, "arrows scroll  e back  q quit", s.Width), {}}, fromEnd(body, s.Height-2, s.Scroll)...)
}

// front names the server in front.
func (m *Model) front() string {
	for _, r := range m.rows {
		if r.Front {
			return r.Addr
		}
	}
	return "none"
}

// explanation are the decisions as lines; what is longer is wrapped.
func (m *Model) explanation(width int) (lines []Line) {
	for _, d := range m.decisions {
		d.At, d.Last = d.At.Local(), d.Last.Local() //nolint:forbidigo // to be shown
		for i, text := range strings.Split(strings.TrimSuffix(d.String(), "\n"), "\n") {
			style, indent := Plain, "        "
			if i == 0 {
				style, indent = Bold, "    "
			}
			wide := max(width-len(indent), 10) // also where the first line has no indent
			for j, wrapped := range strings.Split(ansi.Wrap(text, wide, ""), "\n") {
				if j > 0 {
					wrapped = indent + wrapped
				}
				lines = append(lines, Line{{Text: wrapped, Style: style}})
			}
		}
	}
	return lines
}

// Lines is how many lines a page has that is scrolled.
func (m *Model) Lines(s Screen) int {
	switch s.Mode {
	case Explain:
		return len(m.explanation(s.Width))
	case Help:
		return strings.Count(m.helpText(), "\n")
	default:
		return 0
	}
}

// Room is how many lines of such a page are shown at once.
func (s Screen) Room() int { return max(s.Height-2, 1) }

// fromEnd are n lines that end so many lines before the end.
func fromEnd(all []Line, n, before int) []Line {
	n = max(n, 1)
	end := max(len(all)-max(before, 0), min(n, len(all)))
	return all[max(end-n, 0):end]
}

const keysText = `q, Ctrl-C    quit
p, space     pause: the screen stands still, and what happens meanwhile is kept
e            explain: what was decided, and what led to it
up, down     select a server; in explain and here: scroll
PgUp, PgDn   scroll by a page; Home, End
Ctrl-Z       back to the shell; fg shows the screen again
Esc          back

`

const probedText = `in front     the server that an agent with these servers would call next
RTT ms       the last round trip of Status.Ping
TREND        a character for each probe, the newest at the right: two levels
             higher where it took twice as long, and a cross for no answer
LOSS         of the last 60 probes
LEADER       * the leader, as most servers say; other: this one names another
             one; none: it knows no leader
VERSION      - where it is not known: without ACLs, or with a token that has
             node:read, servers tell it
`

const agentText = `in front     the server that the agent calls
STATE        what the agent knows: a failed server is asked again in its next
             round, and unknown was not asked yet
p50/p99 ms   of the calls that the server answered in the last five minutes
TREND        p50 of each half minute of them, the newest at the right: two
             levels higher where it is twice as long
SESSION      number, age and TLS of the connection to the server
CALLS        that were answered; OPEN: under way; FAILED: how often the server
             was found to have failed
TTL          of the node's heartbeat: when it is over, the servers take the node
             for lost
`

// helpText is the page about keys and columns.
func (m *Model) helpText() string {
	if m.agent != "" {
		return keysText + agentText
	}
	return keysText + probedText
}

// drawHelp is the page about keys and columns, from where it is scrolled to.
func (m *Model) drawHelp(s Screen) []Line {
	var body []Line
	for _, text := range strings.Split(strings.TrimSuffix(m.helpText(), "\n"), "\n") {
		body = append(body, Line{{Text: text}})
	}
	last := max(len(body)-s.Room(), 0)
	from := min(max(s.Scroll, 0), last)
	title := Line{{Text: "rpcproxy watch", Style: Bold}, {Text: fmt.Sprintf(", %s", counted(len(m.rows), "server"))}}
	return append([]Line{sides(title, "? back  q quit", s.Width), {}}, body[from:]...)
}
