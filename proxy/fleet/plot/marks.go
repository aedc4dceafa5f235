package plot

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-analyze/charts/chartdraw"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// maxRows is how many rows the texts of events take at most; what finds no place in them
// has its line only.
const maxRows = 5

// minDistance is that between lines without a text, in pixels.
const minDistance = 4

// placedMark is an event with the place of its text.
type placedMark struct {
	x        int // of the line
	from, to int // of the text
	row      int // from the bottom; -1: there is no place for the text
	text     string
}

// placeMarks finds a place for the text of each event. The line of an event goes up to its
// text, so a text stands above those of the later events whose lines would cross it.
func (s *sheet) placeMarks() {
	marks := slices.Clone(s.marks)
	slices.SortStableFunc(marks, func(a, b fleet.Mark) int { return cmp.Compare(a.At, b.At) })
	box := chartdraw.Box{Left: left, Right: width - right}
	x := s.x(box)
	for _, m := range marks {
		if m.At < 0 || m.At > s.length {
			continue
		}
		p := placedMark{x: box.Left + x.Translate(m.At.Seconds()), row: -1, text: printable.Line(m.Text, maxMark)}
		wide := s.wide(p.text, text(event, markSize))
		p.from = min(p.x+4, width-4-wide)
		p.to = p.from + wide
		s.placed = append(s.placed, p)
	}
	for i := len(s.placed) - 1; i >= 0; i-- {
		p := &s.placed[i]
		row := 0
		for _, later := range s.placed[i+1:] {
			if later.row >= row && later.from < p.to+4 && later.to > p.from-4 {
				row = later.row + 1
			}
		}
		if row < maxRows && p.text != "" {
			p.row = row
			s.rows = max(s.rows, row+1)
		}
	}
}

// events draws the lines of the events in the panels, and their texts above. Where many
// come together not each has a line.
func (s *sheet) events(top int, panels ...chartdraw.Box) {
	bottom := top + s.rows*rowHigh
	missing, last := 0, -minDistance
	for _, p := range s.placed {
		texted := p.row >= 0
		if !texted {
			missing++
			if p.x < last+minDistance {
				continue
			}
		}
		last = p.x
		for i, panel := range panels {
			up := panel.Top
			if i == 0 && texted {
				base := bottom - p.row*rowHigh
				s.write(p.from, base-4, p.text, text(event, markSize))
				up = base - rowHigh + 2
			}
			s.stroke(p.x, up, p.x, panel.Bottom, line(event.light, 1, 2, 2))
		}
	}
	if missing > 0 {
		what := fmt.Sprintf("%d more events without a text", missing)
		style := text(pale, markSize)
		s.write(width-right-s.wide(what, style), top-10, what, style)
	}
}
