package watch

import (
	"math/bits"
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// A move, or a loss of the agent, that is the same as one of so many changes before it, and
// follows that one within so long, counts as its repeat: with no server left each call of an
// agent fails over.
const (
	sameAmong  = 64
	sameWithin = 30 * time.Second
)

// keep puts a change into the log, and returns it with the number of its repeats. One that is a
// repeat is counted where the first one stands.
func (m *Model) keep(c Change) Change {
	c.times = 1
	if c.Kind == KindMove || c.Kind == KindAgent {
		for i := len(m.changes) - 1; i >= max(len(m.changes)-sameAmong, 0); i-- {
			first := &m.changes[i]
			if !c.repeats(first) {
				continue
			}
			c.times, c.over = first.times+1, max(c.At.Sub(first.At), 0)
			shown := c
			shown.At = first.At
			*first = shown
			return c
		}
	}
	m.changes = append(m.changes, c)
	if over := len(m.changes) - mostChanges; over > 0 {
		m.changes = slices.Delete(m.changes, 0, over)
	}
	return c
}

// repeats reports whether c is the same as first, and soon behind it.
func (c *Change) repeats(first *Change) bool {
	return c.Kind == first.Kind && c.Level == first.Level && c.Server == first.Server && c.From == first.From &&
		c.To == first.To && c.Reason == first.Reason && c.At.Sub(first.At.Add(first.over)) <= sameWithin
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
			slices.Reverse(of)
			shown = append(shown, of...)
		}
	}
	shown = shown[:min(len(shown), n)]
	slices.Reverse(shown)
	return shown
}

// wrapped is in how many lines a change is shown at most.
const wrapped = 3

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
