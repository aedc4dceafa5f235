package watch

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Line is a line of a screen.
type Line []Span

// Span is a part of a line.
type Span struct {
	Text  string // printable, and nothing that moves a cursor
	Style Style
}

// Style is how a span is drawn. None is a color of its own but those that every terminal has
// for its own background.
type Style uint8

// The styles.
const (
	Plain Style = iota
	Bold
	Faint
	Good
	Bad
	Chosen // the server that is selected
)

// String is the text without styles.
func (l Line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// width is how many columns a text takes.
func width(text string) int { return ansi.StringWidth(text) }

// fit is text in exactly n columns.
func fit(text string, n int) string {
	text = cut(text, n)
	return text + strings.Repeat(" ", max(n-width(text), 0))
}

// cut is text in n columns at most.
func cut(text string, n int) string { return ansi.Truncate(text, max(n, 0), "…") }

// cutTo is the line in n columns at most.
func (l Line) cutTo(n int) (out Line) {
	for _, s := range l {
		if n <= 0 {
			break
		}
		s.Text = cut(s.Text, n)
		n -= width(s.Text)
		out = append(out, s)
	}
	return out
}

// sides is a line with one text at its beginning and one at its end, if both fit.
func sides(left Line, right string, n int) Line {
	gap := n - width(left.String()) - width(right)
	if gap < 2 {
		return left.cutTo(n)
	}
	return append(left, Span{Text: strings.Repeat(" ", gap)}, Span{Text: right, Style: Faint})
}
