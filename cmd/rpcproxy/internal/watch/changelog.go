package watch

import (
	"math/bits"
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// With no server left each call of an agent fails over, from server to server. A failover to a
// server that another one has just left, and the loss of an agent for the same reason, count as
// repeats of a change in the log: one of the last so many that is no older than so long.
const (
	sameAmong  = 64
	sameWithin = 30 * time.Second
)

// keep puts a change into the log, and returns it with the number of its repeats. One that is a
// repeat is counted where the first one stands.
func (m *Model) keep(c Change) Change {
	c.times = 1
	first, circles := m.repeated(c)
	c.circles = circles
	if first != nil {
		c.times, c.over = first.times+1, max(c.At.Sub(first.At), 0)
		counted := c
		counted.At = first.At
		*first = counted
		return c
	}
	m.changes = append(m.changes, c)
	if over := len(m.changes) - mostChanges; over > 0 {
		m.changes = slices.Delete(m.changes, 0, over)
	}
	return c
}

// repeated is the change in the log that c repeats; nil: none. circles reports whether c is a
// failover to a server that was left in the same trouble. That is over when something good is
// in the log.
func (m *Model) repeated(c Change) (first *Change, circles bool) {
	over := c.failover()
	if !over && c.Kind != KindAgent {
		return nil, false
	}
	for i := len(m.changes) - 1; i >= max(len(m.changes)-sameAmong, 0); i-- {
		former := &m.changes[i]
		switch {
		case c.At.Sub(former.At.Add(former.over)) > sameWithin || over && former.Level == Info:
			return nil, circles
		case over && former.circles:
			return former, true
		case over && former.failover() && former.From == c.To:
			circles = true
		case !over && c.Kind == former.Kind && c.To == former.To && c.Reason == former.Reason:
			return former, false
		}
	}
	return nil, circles
}

// failover reports whether c is a move away from a server in trouble.
func (c *Change) failover() bool {
	return c.Kind == KindMove && c.Level == Warn && c.From != "" && c.To != ""
}

// Due reports whether a change is to be printed where it cannot be put in the place of its
// repeats: the first one, the second, the fourth, the eighth and so on.
func (c Change) Due() bool { return bits.OnesCount(uint(max(c.times, 0))) <= 1 }

// log are the last changes as n lines, without those that only introduce a server.
func (m *Model) log(n, columns int) []Line {
	var shown []Line // the last one first
	for i := len(m.changes) - 1; i >= 0 && len(shown) < n; i-- {
		if c := m.changes[i]; c.Kind != KindServer {
			of := c.lines(columns)
			if len(shown) > 0 && len(shown)+len(of) > n { // rather none than its end
				break
			}
			slices.Reverse(of)
			shown = append(shown, of...)
		}
	}
	shown = shown[:min(len(shown), n)]
	slices.Reverse(shown)
	return shown
}

// wrapped is in how many lines a change is shown at most.
const wrapped = 4

// lines are the change in so many columns.
func (c Change) lines(columns int) (all []Line) {
	style := Plain
	if c.Level == Warn {
		style = Bold
	}
	indent := "              " // as wide as what is in front of the text
	if columns < 3*len(indent) {
		indent = "  "
	}
	text := c.Line()
	for first := true; text != ""; first = false {
		line, lead := text, ""
		if !first {
			lead = indent
		}
		room := max(columns-len(lead), 1)
		if width(text) > room && len(all) < wrapped-1 {
			line = head(text, room)
		}
		text = text[len(line):]
		if len(all) == wrapped-1 {
			text = ""
		}
		for len(text) > 0 && text[0] == ' ' {
			text = text[1:]
		}
		all = append(all, Line{{Text: lead + line, Style: style}}.cutTo(columns))
	}
	return all
}

// head is the beginning of a text that fits, up to a blank if there is one in its second half.
func head(text string, room int) string {
	fits := ansi.Truncate(text, room, "")
	for i := len(fits) - 1; i > len(fits)/2; i-- {
		if fits[i] == ' ' {
			return fits[:i]
		}
	}
	if fits == "" { // one character is wider than the room
		return text
	}
	return fits
}
