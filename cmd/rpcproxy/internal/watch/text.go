package watch

import (
	"strings"
	"time"
)

// Text is the table of --once, for people: nothing is cut, and there is no style.
func (m *Model) Text(now time.Time, plainASCII bool) string {
	marks := blocks
	if plainASCII {
		marks = ascii
	}
	if m.agent == "" {
		marks = sparks{} // of one probe
	}
	const ample = 400
	var b strings.Builder
	lines := append([]Line{m.title(Screen{}), m.headline(now, ample)}, m.table(m.rows, ample, now, marks, nil)...)
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}
