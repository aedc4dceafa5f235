package watch

import (
	"fmt"
	"strings"
	"time"
)

// Screen is what of a Model is drawn, and how. The zero value of all but the size works.
type Screen struct {
	Width, Height int
	ASCII         bool // nothing but ASCII is drawn, beside what came from outside
	Mode          Mode
	Selected      int // the row
	Scroll        int // of Explain and Help: lines from the end, from the beginning
	Paused        bool
	Now           time.Time
}

// Mode is which of the pages is shown.
type Mode uint8

// The pages.
const (
	Servers Mode = iota
	Explain      // the decisions and their causes
	Help
)

// Draw is the screen, line by line, no more and no wider than it is.
func (m *Model) Draw(s Screen) []Line {
	s.Width, s.Height = max(s.Width, 1), max(s.Height, 1)
	var lines []Line
	switch s.Mode {
	case Explain:
		lines = m.drawExplain(s)
	case Help:
		lines = m.drawHelp(s)
	default:
		lines = m.drawServers(s)
	}
	lines = lines[:min(len(lines), s.Height)]
	for i := range lines {
		lines[i] = lines[i].cutTo(s.Width)
	}
	if s.ASCII {
		for _, l := range lines {
			for i := range l {
				l[i].Text = strings.ReplaceAll(l[i].Text, "…", ".")
			}
		}
	}
	return lines
}

// least is how many changes are shown, if there is room for so many beside the servers.
const least = 4

// drawServers is the page of the servers.
func (m *Model) drawServers(s Screen) []Line {
	lines := []Line{
		sides(m.title(s), "q quit  p pause  e explain  ? help", s.Width),
		m.headline(s.Now, s.Width).cutTo(s.Width),
		{},
	}
	marks := blocks
	if s.ASCII {
		marks = ascii
	}
	room := max(s.Height-len(lines)-1-3-min(least, s.Height/4), 1) // without head, detail and blank lines
	s.Selected = max(min(s.Selected, len(m.rows)-1), 0)
	first, count := part(len(m.rows), s.Selected, room)
	var chosen *Row
	if len(m.rows) > 0 {
		chosen = m.rows[s.Selected]
	}
	lines = append(lines, m.table(m.rows[first:first+count], s.Width, s.Now, marks, chosen)...)
	more := ""
	if hidden := len(m.rows) - count; hidden > 0 {
		more = fmt.Sprintf("%d more, by the arrows", hidden)
	}
	lines = append(lines, Line{}, sides(m.detail(chosen, s.Now), more, s.Width), Line{})
	return append(lines, m.log(max(s.Height-len(lines), 0), s.Width)...)
}

// part is which of n rows are shown in so much room, so that the selected one is among them.
func part(n, selected, room int) (first, count int) {
	count = min(n, room)
	first = min(max(selected-count/2, 0), n-count)
	return first, count
}

// title says how many servers there are, which one leads, and what is wrong with the whole.
func (m *Model) title(s Screen) Line {
	down := 0
	for _, r := range m.rows {
		if r.State == failed || r.State == silent {
			down++
		}
	}
	line := Line{{Text: counted(len(m.rows), "server"), Style: Bold}}
	if down > 0 {
		line = append(line, Span{Text: ", "}, Span{Text: fmt.Sprintf("%d failed", down), Style: Bad})
	}
	switch {
	case m.disputed:
		line = append(line, Span{Text: "  "}, Span{Text: "leader disputed: " + m.leader, Style: Bad})
	case m.leader != "":
		line = append(line, Span{Text: "  leader " + m.leader})
	case m.led:
		line = append(line, Span{Text: "  "}, Span{Text: "no leader", Style: Bad})
	}
	if s.Paused {
		line = append(line, Span{Text: "  "}, Span{Text: "paused", Style: Chosen})
	}
	return line
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
